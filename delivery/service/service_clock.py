"""The time to date signatures with: this machine's clock, put right by what an answer says of the service's.

AWS refuses a signature that is more than minutes away from its own clock. It sets nothing on the machine, and it
believes no answer but one that refused the request for its signature or its time.
"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime

# What AWS's own SDK for JavaScript takes for a wrong clock (aws-sdk-js-v3, `isClockSkewed`): five minutes. A
# request that was dated better than that was refused for something else.
SKEW_SECONDS = 300.0


class ServiceClock:
    """Unix seconds as the service counts them; `clock` is the machine's own. Any thread may ask and correct."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ahead = 0.0

    def now(self) -> float:
        """The service's time as far as it is known, in Unix seconds."""
        return self._clock() + self._ahead

    def correct(self, dated: float, date: str | None) -> bool:
        """Learn from a refusal whether a request was misdated; True if it was, and the next one won't be.

        `dated` is the request's own time in Unix seconds, `date` the answer's `Date` header (RFC 9110, 6.6.1).
        """
        told = _seconds(date)
        if told is None or abs(told - dated) < SKEW_SECONDS:
            return False
        self._ahead = told - self._clock()
        return True


def _seconds(date: str | None) -> float | None:
    try:
        return None if date is None else parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
