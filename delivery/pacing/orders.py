"""What all partitions are to do: go on, hold, or stop, and at what share of the limit; and what they know of it.

Any thread may give orders, signal handlers too: it takes no lock. The coordinator's thread asks what is new. It sends
nothing itself.
"""

from __future__ import annotations

from typing import Any


class Orders:
    """The orders of a run that may send `limit` attempts per second.

    As messages: `stop` [a reason, seconds to wait for answers], `hold` whether nothing may be sent, `share` how much of
    its static share a partition without the coordinator may use, from 0 to 1. What was never ordered is in no message.
    """

    def __init__(self, limit: float) -> None:
        self.stop: tuple[str, float] | None = None
        self.rate = limit
        self._limit = self._heeded_rate = limit
        self._hold: bool | None = None
        self._given: dict[str, Any] = {}

    @property
    def holds(self) -> bool:
        """Whether nothing may be sent for now."""
        return bool(self._hold)

    def hold(self, *, holds: bool) -> None:
        """Let nothing be sent from now on, or let it go on."""
        self._hold = holds

    def new_rate(self) -> float | None:
        """Return the rate where it was changed since this was asked last."""
        if self._heeded_rate == self.rate:
            return None
        self._heeded_rate = self.rate
        return self.rate

    def news(self) -> dict[str, Any]:
        """Return what was ordered since this was asked last, as a message."""
        fresh = {key: value for key, value in self._all().items() if self._given.get(key) != value}
        self._given |= fresh
        return fresh

    def given(self) -> dict[str, Any]:
        """Return all orders that were news so far, for a partition that comes later."""
        return self._given

    def _all(self) -> dict[str, Any]:
        orders: dict[str, Any] = {} if self.stop is None else {"stop": self.stop}
        if self._hold is not None:
            orders["hold"] = self._hold
        if "share" in self._given or self.rate != self._limit:
            orders["share"] = min(1.0, self.rate / self._limit)
        return orders
