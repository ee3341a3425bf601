"""When the last few slots were used, and so when the next one may lie, at limits so small that every request counts.

Below 20 requests/s one request is more than the 5 % by which a second may pass the limit: so many slots as the limit
allows in a second, and the one after them, must lie more than a second apart when they arrive. Slots are used late,
above all while many partitions start, so partitions say at once when they have used one. What is said arrives later
than what it tells of: to go by it errs on the safe side. Pure; times are seconds on the driver's clock.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Hashable
from dataclasses import dataclass

# What an attempt may be late on its way to the service, which nobody tells. It costs 3 % of the limit, and what slots
# are used late comes on top: with 35 and 45 ms a little less than the promised 95 % of 5 requests/s was used.
_WAY_SECONDS = 0.03
_LONGEST_LATE = 0.5


@dataclass(slots=True)
class _Use:
    due: float
    at: float


class RecentUses:
    """The last slots, as many as `limit` allows in a second."""

    def __init__(self, limit: float) -> None:
        self._uses: deque[_Use] = deque(maxlen=math.ceil(limit))
        self._open: defaultdict[Hashable, list[_Use]] = defaultdict(list)

    def leased(self, who: Hashable, due: float) -> None:
        """Learn of a new slot; until it is told otherwise it is taken to be used when it is due."""
        use = _Use(due, due)
        self._open[who].append(use)
        self._uses.append(use)

    def used(self, who: Hashable, now: float) -> None:
        """Learn that what was leased to `who` and is due has been used by now."""
        was_due = [use for use in self._open[who] if use.due <= now]
        self._open[who] = [use for use in self._open[who] if use.due > now]
        for use in was_due:
            use.at = min(now, use.due + _LONGEST_LATE)

    def forget(self, who: Hashable) -> None:
        """`who` is gone and tells no more."""
        self._open.pop(who, None)

    def next_at_the_earliest(self) -> float:
        """Return when the next slot may be due; minus infinity where any time will do."""
        if len(self._uses) < (self._uses.maxlen or 0):
            return -math.inf
        return self._uses[0].at + 1.0 + _WAY_SECONDS
