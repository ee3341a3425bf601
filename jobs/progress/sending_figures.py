"""The figures of sending at one moment, from the partitions' reports. No clock is read.

A partition that has lost the driver sends at its static share and reports nothing: it is missing here until
it has rejoined, though not in the summary. Dead letters are not reported before the end either, so that a
run that has some ends below a share of 1.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile

from delivery.pacing.driver.progress import Progress

_NOW_SECONDS = 5.0
"""The span of a current rate: so many seconds back, or the time between two polls if that is longer."""
_TREND_SECONDS = 30.0
"""The span that the time left is computed from: retries and waits make single seconds uneven."""

_ALIKE = 1.25
"""Allowed rates within this factor count as the same: an operator changes them, and throttling does."""


@dataclass(frozen=True, slots=True)
class SendingFigures:
    """The sending now; rates per second.

    `seconds_left` is None if nothing was delivered recently, while it is stopping or paused, and in the first figures
    after the allowed rate has changed.
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
        """Return the share, from 0 to 1; a resent event that was accepted before counts again, so it is capped at 1."""
        return min(1.0, self.events_delivered / self.events_to_send) if self.events_to_send else 1.0


class SendingMeter:
    """A meter that reads the counts when called with the seconds since sending began, and returns how they move.

    `requests_to_send`: at the least; 0 if it is not known.
    """

    def __init__(
        self,
        read_progress: Callable[[], Progress],
        events_to_send: int,
        limit: float,
        requests_to_send: int = 0,
    ) -> None:
        self._read_progress = read_progress
        self._to_send = events_to_send
        self._requests_to_send = requests_to_send
        self._limit = limit
        # Earlier readings, oldest first; at the start nothing had been counted.
        self._seen: deque[tuple[float, Progress]] = deque([(0.0, Progress(rate=limit))])

    def __call__(self, seconds: float) -> SendingFigures:
        """Return the figures after so many seconds; each call comes later than the one before."""
        progress = self._read_progress()
        if not progress.request_attempts:
            self._seen.clear()  # tasks that have not begun to send would make the rate seem low
        self._seen.append((seconds, progress))
        while len(self._seen) > 1 and self._seen[1][0] <= seconds - _TREND_SECONDS:
            self._seen.popleft()
        lately, before = self._since(seconds - _NOW_SECONDS)
        return SendingFigures(
            events_delivered=progress.events_delivered,
            events_to_send=self._to_send,
            requests_per_second=_rate(progress.request_attempts - before.request_attempts, lately, seconds),
            allowed_requests_per_second=progress.rate,
            max_requests_per_second=self._limit,
            throttled_attempts=progress.throttled_attempts,
            throttled_per_second=_rate(
                progress.throttled_attempts - before.throttled_attempts, lately, seconds
            ),
            partitions=progress.partitions,
            seconds_left=self._seconds_left(seconds, progress),
            stopping=progress.stop_reason is not None,
            paused=progress.paused,
        )

    def _since(self, moment: float) -> tuple[float, Progress]:
        """Return the last reading up to that moment, or the first of all."""
        return next((each for each in reversed(self._seen) if each[0] <= moment), self._seen[0])

    def _seconds_left(self, seconds: float, now: Progress) -> float | None:
        if now.stop_reason or now.paused:
            return None
        start, before = self._trend(now)
        # The limit is one of requests, and the last ones are less full than the first.
        if self._requests_to_send:
            left = self._requests_to_send - now.requests_delivered
            rate = _rate(now.requests_delivered - before.requests_delivered, start, seconds)
        else:
            left = self._to_send - now.events_delivered
            rate = _rate(now.events_delivered - before.events_delivered, start, seconds)
        return max(0, left) / rate if rate else None

    def _trend(self, now: Progress) -> tuple[float, Progress]:
        """Return the first reading since the allowed rate has been about what it is now."""
        return list(takewhile(lambda each: _is_alike(each[1], now), reversed(self._seen)))[-1]


def _is_alike(before: Progress, now: Progress) -> bool:
    low, high = sorted((before.rate, now.rate))
    return not before.paused and high <= _ALIKE * low


def _rate(count: int, start: float, end: float) -> float:
    return max(0, count) / (end - start) if end > start else 0.0
