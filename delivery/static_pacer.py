"""One partition's static share of the limit, for as long as the driver's coordinator can't be reached.

It knows nothing of the other partitions. Their shares add up to the limit, and their slots fall between each
other's: each takes its own phase of the clock on the wall.
"""

from __future__ import annotations

import math
from collections.abc import Callable

# The clocks of machines differ by milliseconds, and nobody sees the whole: stay clear of the limit.
_HEADROOM = 0.95
# A slot may be used this much of a period late.
_PATIENCE = 0.05
# Multiples of it fall most evenly into the unit interval, however many there are.
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


class StaticPacer:
    """Slots at `rate` attempts per second (a little less); `wall` is a clock in Unix seconds."""

    def __init__(self, rate: float, partition: int, wall: Callable[[], float]) -> None:
        self._period = 1.0 / (rate * _HEADROOM)
        self._phase = math.modf(partition * _GOLDEN)[0] * self._period
        self._wall = wall
        self._spent = self._number(wall())

    def wait(self) -> float:
        """Return the seconds until the next slot; 0 means now."""
        now = self._wall()
        number = max(self._spent + 1, self._number(now - self._period * _PATIENCE) + 1)
        return max(0.0, number * self._period + self._phase - now)

    def spend(self) -> None:
        """Use the slot that is due."""
        self._spent = self._number(self._wall())

    def _number(self, at: float) -> int:
        """Return the number of the last slot up to `at`."""
        return math.floor((at - self._phase) / self._period)
