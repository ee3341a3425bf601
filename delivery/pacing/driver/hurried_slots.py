"""The bound of slots given at once, out of turn, to sessions that would otherwise outlast the rest of the job.

Slots are granted some tenths of a second ahead, so one that is used at once is an extra attempt until the plan reaches
the gap that makes room for it. The number of extra attempts may rise by at most `max_more` within a second, lengthened
by the time that slots may be late. So no second has more than that above the plan, and slots that are given steadily
are part of the plan. Pure; times are seconds on the driver's clock.
"""

from __future__ import annotations

import heapq
import math
from collections import deque

_WINDOW_SECONDS = 1.05


class HurriedSlots:
    """A count of the slots that were used before the plan made room for them."""

    def __init__(self, max_more: int) -> None:
        self._max_more = max_more
        self._made_up_at: list[float] = []
        # Times with the count since then, as a monotonic queue: the first one is the minimum of the last second.
        self._fewest: deque[tuple[float, int]] = deque([(0.0, 0)])

    def may_give(self, now: float, made_up_at: float) -> bool:
        """Count one more if it may be given at `now`, where the plan makes room for it at `made_up_at`."""
        while self._made_up_at and self._made_up_at[0] <= now:
            self._changed(heapq.heappop(self._made_up_at))
        while len(self._fewest) > 1 and self._fewest[1][0] <= now - _WINDOW_SECONDS:
            self._fewest.popleft()
        if len(self._made_up_at) >= self._fewest[0][1] + self._max_more:
            return False
        heapq.heappush(self._made_up_at, made_up_at)
        self._changed(now)
        return True

    def made_up_at(self) -> float:
        """Return when the plan makes room for one of them next; infinity where there is none."""
        return self._made_up_at[0] if self._made_up_at else math.inf

    def _changed(self, at: float) -> None:
        many = len(self._made_up_at)
        while self._fewest and self._fewest[-1][1] >= many:
            self._fewest.pop()
        self._fewest.append((at, many))
