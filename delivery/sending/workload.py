"""The requests a partition holds: which may go out now, which wait for their session or for their time.

At most one request of a session is ever out of this module's hands (in flight), so a session's events arrive
in the order they were staged in. Sessions do not wait for each other: of the requests that may go out, the one with
the most requests of its session behind it goes first, and the file's order decides between equals. A session that
takes longest therefore never waits for a shorter one. Pure bookkeeping: it sends nothing, draws no waits and reads no
clock.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from delivery.packing import Batch

# How many requests are kept ready, so that a grant of some tenths of a second is used whole, and the long sessions
# among those that are next in the file are found in time: as many as may be in flight.
READY_AHEAD = 1024
# The maximum number of requests held at once: how far the look-ahead goes past the requests of one huge session.
MAX_HELD = 4096
_FIRST = -math.inf


@dataclass(slots=True, eq=False)
class Request:
    """A batch on its way through the attempts.

    `attempts` counts every attempt that its events were part of, so a half inherits its parent's; `tries`
    counts those of this very request, which is what `max_attempts` bounds. The last one began at `began`.
    `index` is its position in the file.
    """

    batch: Batch
    attempts: int = 0
    tries: int = 0
    began: float = 0.0
    index: int = 0

    def halves(self) -> tuple[Request, Request]:
        """Return two requests that share this one's events; it must have at least two."""
        envelope, events = self.batch
        middle = len(events) // 2
        first, second = Batch(envelope, events[:middle]), Batch(envelope, events[middle:])
        return Request(first, self.attempts, index=self.index), Request(
            second, self.attempts, index=self.index
        )


class Workload:
    """A partition's requests, in order: batches are drawn as they are needed, within bounds.

    A session is busy from the moment its request is ready until `finish`; `retry_at` and `split` keep it
    busy. `events` is how many events `batches` holds in all, as far as that is known.
    """

    def __init__(self, batches: Iterator[Batch], events: int = 0) -> None:
        self._batches = batches
        self._events = events
        self._exhausted = False
        self._ready: list[tuple[float, int, Request]] = []
        self._due: list[tuple[float, int, Request]] = []
        self._turn = count()
        # The busy sessions, by envelope, each with the requests that wait for it; None until there is one.
        self._sessions: dict[bytes, deque[Request] | None] = {}
        self._drawn = 0
        self._drawn_events = 0
        self.held = 0

    def ready(self, now: float) -> int:
        """Return how many requests may go out now, after drawing batches up to the bounds."""
        while self._due and self._due[0][0] <= now:
            # A retry goes first: its session has waited longest.
            self._put_first(heapq.heappop(self._due)[2])
        while len(self._ready) < READY_AHEAD and self.held < MAX_HELD and not self._exhausted:
            self._draw()
        return len(self._ready)

    def take(self) -> Request:
        """Return the next ready request; there must be one."""
        return heapq.heappop(self._ready)[2]

    @property
    def left(self) -> int:
        """About how many requests there are still to finish: what is not drawn yet is taken to be like the rest."""
        if self._exhausted:
            return self.held
        if not self._drawn:
            return self._events
        unread = max(0, self._events - self._drawn_events)
        return self.held + math.ceil(unread * self._drawn / self._drawn_events)

    @property
    def requests_after(self) -> int:
        """The number of requests of its session that come after the next ready request; 0 if none is ready."""
        return self._ready[0][2].batch.requests_after if self._ready else 0

    def next_due(self) -> float | None:
        """Return when the earliest retry is due, None if none waits."""
        return self._due[0][0] if self._due else None

    def finish(self, request: Request) -> None:
        """End the request: its session's next one, if any, may be sent."""
        self.held -= 1
        envelope = request.batch.envelope
        waiting = self._sessions[envelope]
        if waiting:
            self._put(waiting.popleft())
        else:
            del self._sessions[envelope]

    def retry_at(self, request: Request, due: float) -> None:
        """Send the request again at `due`; its session waits for it."""
        heapq.heappush(self._due, (due, next(self._turn), request))

    def split(self, request: Request) -> None:
        """Replace the request by two halves: the first is ready, the second next in the session's queue."""
        first, second = request.halves()
        self.held += 1
        waiting = self._sessions[request.batch.envelope]
        if waiting is None:
            waiting = self._sessions[request.batch.envelope] = deque()
        waiting.appendleft(second)
        self._put_first(first)

    def _put(self, request: Request) -> None:
        heapq.heappush(self._ready, (-request.batch.requests_after, request.index, request))

    def _put_first(self, request: Request) -> None:
        heapq.heappush(self._ready, (_FIRST, next(self._turn), request))

    def _draw(self) -> None:
        batch = next(self._batches, None)
        if batch is None:
            self._exhausted = True
            return
        request = Request(batch, index=self._drawn)
        self.held += 1
        self._drawn += 1
        self._drawn_events += len(batch.events)
        if batch.envelope not in self._sessions:
            self._sessions[batch.envelope] = None
            self._put(request)
        elif (waiting := self._sessions[batch.envelope]) is None:
            self._sessions[batch.envelope] = deque((request,))
        else:
            waiting.append(request)
