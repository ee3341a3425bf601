"""The orders for all partitions: go on, hold or stop, and at what share of the limit; and news of each other.

Any thread may give orders, signal handlers too: no lock is taken. The coordinator's thread collects and
sends them.
"""

from __future__ import annotations

from typing import Any


class Orders:
    """The orders of a run that may send `limit` attempts per second.

    As messages: `stop` [a reason, seconds to wait for answers], `hold` whether nothing may be sent, `share`
    the part of its static share, from 0 to 1, that a partition without the coordinator may use, `accepts` that the
    service has accepted events of this job. A message contains only what was ordered.
    """

    def __init__(self, limit: float) -> None:
        self.stop: tuple[str, float] | None = None
        self.rate = limit
        self.accepts = False
        self._limit = self._heeded_rate = limit
        self._hold: bool | None = None
        self._given: dict[str, Any] = {}

    @property
    def holds(self) -> bool:
        """Return whether nothing may be sent for now."""
        return bool(self._hold)

    def hold(self, *, holds: bool) -> None:
        """Hold all sending from now on, or let it go on."""
        self._hold = holds

    def new_rate(self) -> float | None:
        """Return the rate if it changed since the last call, else None."""
        if self._heeded_rate == self.rate:
            return None
        self._heeded_rate = self.rate
        return self.rate

    def news(self) -> dict[str, Any]:
        """Return the orders given since the last call, as a message."""
        fresh = {key: value for key, value in self._all().items() if self._given.get(key) != value}
        self._given |= fresh
        return fresh

    def given(self) -> dict[str, Any]:
        """Return all orders sent so far, for a partition that joins later."""
        return self._given

    def _all(self) -> dict[str, Any]:
        orders: dict[str, Any] = {} if self.stop is None else {"stop": self.stop}
        if self.accepts:
            orders["accepts"] = True
        if self._hold is not None:
            orders["hold"] = self._hold
        if "share" in self._given or self.rate != self._limit:
            orders["share"] = min(1.0, self.rate / self._limit)
        return orders
