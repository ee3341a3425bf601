"""The wait before a request is retried: full jitter, clamped.

Full jitter (a wait drawn evenly between zero and an exponential bound) is what "Exponential Backoff And
Jitter" (AWS Architecture Blog) found to need the fewest calls among clients that compete. Pure: the caller
sleeps.
"""

from __future__ import annotations

from collections.abc import Callable

BASE_SECONDS = 0.2
# A throttled quota is counted per second: a retry within that second is throttled again.
THROTTLED_BASE_SECONDS = 1.0
CAP_SECONDS = 20.0
_DOUBLINGS = 16  # beyond it every base is above the cap, and a float can't overflow


def bound(retry: int, *, throttled: bool) -> float:
    """Return the maximum wait in seconds before retry number `retry` (1 is the first)."""
    base = THROTTLED_BASE_SECONDS if throttled else BASE_SECONDS
    return float(min(CAP_SECONDS, base * 2 ** min(max(retry - 1, 0), _DOUBLINGS)))


def wait(retry: int, *, throttled: bool, random: Callable[[], float]) -> float:
    """Return the wait in seconds before retry number `retry`; `random` draws from [0, 1)."""
    return bound(retry, throttled=throttled) * random()
