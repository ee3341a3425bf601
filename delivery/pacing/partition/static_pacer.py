"""One partition's static share of the limit, for as long as the driver's coordinator can't be reached.

The shares of all partitions add up to the limit, and their slots interleave: each partition uses its own
phase of the wall clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable

# The clocks of machines differ by milliseconds, and no process sees the total: keep a distance from the
# limit.
_HEADROOM = 0.95
# A slot may be used this much of a period late.
_PATIENCE = 0.05
# The resolution of seconds since 1970 in a float.
_CLOCK_SECONDS = 1e-5
# Its multiples are spread most evenly over the unit interval, however many there are.
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


class StaticPacer:
    """Slots at slightly less than `rate` attempts per second; `wall` is a clock in Unix seconds.

    `share`, from 0 to 1, is the part of the rate that is used; any thread may set it.
    """

    def __init__(self, rate: float, partition: int, wall: Callable[[], float]) -> None:
        self.share = 1.0
        self.partition = partition
        self._rate = rate
        self._wall = wall
        self._used_share = 0.0
        self._period = self._phase = 0.0
        self._spent = self._offered = 0
        self._use(1.0)

    def wait(self) -> float:
        """Return the seconds until the next slot; 0 means now."""
        if self.share != self._used_share:
            self._use(self.share)
        now = self._wall()
        in_time = math.ceil((now - self._phase) / self._period - _PATIENCE)
        self._offered = max(self._spent + 1, in_time)
        pause = self._offered * self._period + self._phase - now
        return pause if pause > _CLOCK_SECONDS else 0.0

    def spend(self) -> None:
        """Use the slot that `wait` reported as due."""
        self._spent = self._offered

    def _use(self, share: float) -> None:
        """Space the slots for this share of the rate; the next one is still to come."""
        self._used_share = share
        self._period = 1.0 / (self._rate * share * _HEADROOM)
        self._phase = math.modf(self.partition * _GOLDEN)[0] * self._period
        self._spent = self._offered = math.floor((self._wall() - self._phase) / self._period)
