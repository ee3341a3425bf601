"""A queue that serves each in proportion to its weight, however often it asks (stride scheduling).

Each member has a point, which every slot served moves on by the inverse of the member's weight. The earliest point is
served first, and among equals the first to ask. A member that was away starts where the others are now. Pure; see
Waldspurger and Weihl, "Stride Scheduling: Deterministic Proportional-Share Resource Management", 1995.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from itertools import count


class Turns:
    """The queue of those who asked, and for how many slots."""

    def __init__(self) -> None:
        self._asked: dict[Hashable, int] = {}
        self._weights: dict[Hashable, int] = {}
        self._points: dict[Hashable, float] = {}
        # One entry for each who asked; the entry of one that was forgotten is passed over, by its number.
        self._queue: list[tuple[float, int, Hashable]] = []
        self._entries: dict[Hashable, int] = {}
        self._number = count()
        self._now = 0.0

    def __bool__(self) -> bool:
        return bool(self._asked)

    def __contains__(self, who: Hashable) -> bool:
        return who in self._asked

    def ask(self, who: Hashable, want: int, weight: int) -> None:
        """Queue `who` for up to `want` slots; one that is queued already keeps its place."""
        self._weights[who] = weight
        queued = who in self._asked
        self._asked[who] = want
        if not queued:
            self._points[who] = max(self._points.get(who, 0.0), self._now)
            self._push(who)

    def forget(self, who: Hashable) -> None:
        """Take `who` out of the queue, and forget that it ever was in it."""
        for kept in (self._asked, self._weights, self._points, self._entries):
            kept.pop(who, None)

    def withdraw(self, who: Hashable) -> None:
        """Take `who` out of the queue; keep its point."""
        self._asked.pop(who, None)

    def weight_of(self, who: Hashable) -> int:
        """Return the weight that `who` asked with last."""
        return self._weights.get(who, 1)

    def weight(self) -> int:
        """Return the weight of all who are queued."""
        return sum(map(self.weight_of, self._asked))

    def take(self, slots: int, times: int) -> tuple[int, list[Hashable]]:
        """Serve the first in the queue, up to `times` times, with so many slots each time; there must be one.

        Returns the slots of each time, and the members that were served, all of which wanted that many. If the first
        one wants less, it is served alone. Members that were served are out of the queue.
        """
        first = self._first()
        if self._asked[first] < slots:
            want = self._asked[first]
            self._serve(first, want)
            return want, [first]
        served: list[Hashable] = []
        while self._asked and len(served) < times and self._asked[who := self._first()] >= slots:
            self._serve(who, slots)
            served.append(who)
        for who in set(served):
            self._asked.pop(who, None)
        return slots, served

    def _first(self) -> Hashable:
        while True:
            _, number, who = self._queue[0]
            if who in self._asked and self._entries.get(who) == number:
                return who
            heapq.heappop(self._queue)

    def _serve(self, who: Hashable, slots: int) -> None:
        self._now, _, _ = heapq.heappop(self._queue)
        self._points[who] = self._now + slots / self._weights[who]
        self._asked[who] -= slots
        if self._asked[who] >= slots:
            self._push(who)
        else:
            del self._asked[who]

    def _push(self, who: Hashable) -> None:
        self._entries[who] = next(self._number)
        heapq.heappush(self._queue, (self._points[who], self._entries[who], who))
