"""The time to date signatures with: this machine's clock, corrected by the service's.

AWS refuses a signature that is more than minutes away from its own clock. Only an answer that refused a
request for its signature or its time corrects the clock; the machine's own clock is not changed.
"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime

# What AWS's own SDK for JavaScript treats as a wrong clock (aws-sdk-js-v3, `isClockSkewed`): five minutes.
# A request dated better than that was refused for another reason.
SKEW_SECONDS = 300.0


class ServiceClock:
    """The service's time in Unix seconds; `clock` is the machine's own. Safe from any thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ahead = 0.0

    def now(self) -> float:
        """Return the service's time as far as it is known, in Unix seconds."""
        return self._clock() + self._ahead

    def correct(self, dated: float, date: str | None) -> bool:
        """Learn from a refusal whether a request was misdated; return whether it was, and the next one won't be.

        `dated` is the request's own time in Unix seconds, `date` the answer's `Date` header (RFC 9110,
        6.6.1).
        """
        service_time = _seconds(date)
        if service_time is None or abs(service_time - dated) < SKEW_SECONDS:
            return False
        self._ahead = service_time - self._clock()
        return True


def _seconds(date: str | None) -> float | None:
    try:
        return None if date is None else parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):  # a year or a second of twenty digits
        return None
