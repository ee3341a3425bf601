"""What is to be said of the sending at one moment, out of what the partitions have reported. Arithmetic; no clock.

A partition that has lost the driver sends at its static share and reports nothing meanwhile: it is missing here until
it has joined anew, though not in the account. Nor are dead letters reported on the way, so that a run which has some
ends below a share of 1.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from delivery.pacing.progress import Progress

_NOW_SECONDS = 5.0
"""What "now" means in a rate: so many seconds back, or as long as there is between two looks."""
_TREND_SECONDS = 30.0
"""How far back the time left is judged by: retries and waits make single seconds uneven."""


@dataclass(frozen=True, slots=True)
class SendingFigures:
    """The sending now; rates per second.

    `seconds_left` is None where nothing was delivered of late, and while it is stopping or paused.
    """

    events_delivered: int
    events_to_send: int
    requests_per_second: float
    allowed_requests_per_second: float
    max_requests_per_second: float
    throttled_attempts: int
    throttled_per_second: float
    partitions: int
    seconds_left: float | None
    stopping: bool
    paused: bool = False

    @property
    def share_done(self) -> float:
        """From 0 to 1; a resent event that the service had taken before counts again, so it is held to 1."""
        return min(1.0, self.events_delivered / self.events_to_send) if self.events_to_send else 1.0


class SendingMeter:
    """Called with the seconds since the sending began, it looks at the counts and says how they are moving."""

    def __init__(self, look: Callable[[], Progress], events_to_send: int, limit: float) -> None:
        self._look = look
        self._to_send = events_to_send
        self._limit = limit
        # What was seen before, oldest first; at the start nothing had been counted.
        self._seen: deque[tuple[float, Progress]] = deque([(0.0, Progress())])

    def __call__(self, seconds: float) -> SendingFigures:
        """The figures after so many seconds; each call comes later than the one before."""
        told = self._look()
        if not told.request_attempts:
            self._seen.clear()  # tasks that have not begun to send would make the rate look low
        self._seen.append((seconds, told))
        while len(self._seen) > 1 and self._seen[1][0] <= seconds - _TREND_SECONDS:
            self._seen.popleft()
        lately, before = self._since(seconds - _NOW_SECONDS)
        return SendingFigures(
            events_delivered=told.events_delivered,
            events_to_send=self._to_send,
            requests_per_second=_rate(told.request_attempts - before.request_attempts, lately, seconds),
            allowed_requests_per_second=told.rate,
            max_requests_per_second=self._limit,
            throttled_attempts=told.throttled_attempts,
            throttled_per_second=_rate(told.throttled_attempts - before.throttled_attempts, lately, seconds),
            partitions=told.partitions,
            seconds_left=self._seconds_left(seconds, told),
            stopping=told.stop_reason is not None,
            paused=told.paused,
        )

    def _since(self, moment: float) -> tuple[float, Progress]:
        """What was seen last up to that moment, or first of all."""
        return next((each for each in reversed(self._seen) if each[0] <= moment), self._seen[0])

    def _seconds_left(self, seconds: float, now: Progress) -> float | None:
        if now.stop_reason or now.paused:
            return None
        start, before = self._seen[0]
        rate = _rate(now.events_delivered - before.events_delivered, start, seconds)
        return max(0, self._to_send - now.events_delivered) / rate if rate else None


def _rate(count: int, start: float, end: float) -> float:
    return max(0, count) / (end - start) if end > start else 0.0
