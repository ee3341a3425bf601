"""The slots granted to one partition: when the next one is due, and which ones have passed. Pure."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import count

from delivery.pacing.slot_grant import SlotGrant


@dataclass(slots=True)
class _Held:
    spacing: float
    left: int
    patience: float
    era: int


class HeldSlots:
    """A partition's grants, whose slots may alternate; times are seconds on the partition's own clock."""

    def __init__(self) -> None:
        self._held: list[tuple[float, int, _Held]] = []
        self._turn = count()
        self.unspent = 0

    def add(self, grant: SlotGrant, now: float) -> None:
        """Add a grant that arrived at `now`."""
        self._push(now + grant.start_in, _Held(grant.spacing, grant.count, grant.patience, grant.era))
        self.unspent += grant.count

    def next_in(self, now: float) -> float | None:
        """Return the seconds until the next slot may be used, None if there is none.

        Slots that can't be used any more are dropped.
        """
        while self._held:
            at, _, head = self._held[0]
            if now <= at + head.patience:
                return max(0.0, at - now)
            self._step()
        return None

    def take(self) -> int:
        """Use the next slot, which `next_in` reported as due; return its era."""
        return self._step()

    def _push(self, at: float, held: _Held) -> None:
        heapq.heappush(self._held, (at, next(self._turn), held))

    def _step(self) -> int:
        at, _, head = heapq.heappop(self._held)
        self.unspent -= 1
        head.left -= 1
        if head.left:
            self._push(at + head.spacing, head)
        return head.era
