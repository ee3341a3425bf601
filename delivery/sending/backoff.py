"""How long to wait before the same request goes out again: full jitter, clamped, pure.

Full jitter (a wait drawn evenly between zero and an exponential bound) is what "Exponential Backoff And
Jitter" (AWS Architecture Blog) found to need the fewest calls among clients that compete. Nothing here
sleeps.
"""

from __future__ import annotations

from collections.abc import Callable

BASE_SECONDS = 0.2
# A throttled quota is counted per second: to come back sooner than that is to be throttled again.
THROTTLED_BASE_SECONDS = 1.0
CAP_SECONDS = 20.0
_DOUBLINGS = 16  # beyond them every base is past the cap, and a float can't overflow


def bound(retry: int, *, throttled: bool) -> float:
    """The longest wait in seconds before retry number `retry` (1 is the first)."""
    base = THROTTLED_BASE_SECONDS if throttled else BASE_SECONDS
    return float(min(CAP_SECONDS, base * 2 ** min(max(retry - 1, 0), _DOUBLINGS)))


def wait(retry: int, *, throttled: bool, random: Callable[[], float]) -> float:
    """The wait in seconds before retry number `retry`; `random` draws from [0, 1)."""
    return bound(retry, throttled=throttled) * random()
