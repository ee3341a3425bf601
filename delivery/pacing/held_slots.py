"""The slots that one partition holds: when the next one is due, and which ones have passed. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from delivery.pacing.budget import Lease


@dataclass(slots=True)
class _Held:
    at: float
    spacing: float
    left: int
    patience: float
    era: int


class HeldSlots:
    """A partition's leases in the order they came; times are seconds on the partition's own clock."""

    def __init__(self) -> None:
        self._held: deque[_Held] = deque()
        self.unspent = 0

    def add(self, lease: Lease, now: float) -> None:
        """Hold a lease that arrived at `now`."""
        self._held.append(_Held(now + lease.start_in, lease.spacing, lease.count, lease.patience, lease.era))
        self.unspent += lease.count

    def next_in(self, now: float) -> float | None:
        """Return the seconds until the next slot may be used, None if none is held.

        Slots that can't be used any more are let go of.
        """
        while self._held:
            head = self._held[0]
            if now <= head.at + head.patience:
                return max(0.0, head.at - now)
            self._step(head)
        return None

    def take(self) -> int:
        """Use the next slot, which `next_in` said is due; return the era it belongs to."""
        head = self._held[0]
        self._step(head)
        return head.era

    def _step(self, head: _Held) -> None:
        head.at += head.spacing
        head.left -= 1
        self.unspent -= 1
        if not head.left:
            self._held.popleft()
