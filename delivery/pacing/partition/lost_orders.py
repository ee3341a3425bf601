"""Orders for a partition that lost the driver, read from the run's control file.

The file is read only while the driver is out of reach, and then every few seconds. A file that can't be
read contains no orders.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from core.contested_file import control_file
from core.errors import StorageError
from core.lease_store import LeaseStore
from delivery.pacing.link import Message
from delivery.pacing.pacer import DRAIN_SECONDS
from delivery.task import DeliveryTask

EVERY_SECONDS = 5.0


class LostOrders:
    """The orders of one `execution` of a run, read from the file of `open_store`, which may raise `StorageError`.

    The first read comes `EVERY_SECONDS` after the first call: by then the driver's last orders are in the
    file.
    """

    def __init__(
        self,
        open_store: Callable[[], LeaseStore],
        execution: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_store = open_store
        self._execution = execution
        self._clock = clock
        self._read_at: float | None = None

    @classmethod
    def of(cls, task: DeliveryTask) -> LostOrders:
        """Return the orders of the run that `task` belongs to."""
        return cls(lambda: control_file(task.output_url, task.run_id), task.execution)

    def read(self) -> Message:
        """Return the orders as the coordinator would send them; none if it is too early or nothing is known."""
        now = self._clock()
        if self._read_at is None:
            self._read_at = now
        if now - self._read_at < EVERY_SECONDS:
            return {}
        self._read_at = now
        try:
            stored = self._open_store().read()
        except StorageError:
            return {}
        return orders_in(stored.content, self._execution) if stored else {}


def orders_in(content: bytes, execution: str) -> Message:
    """Return the orders in a control file as `delivery.pacing.driver.orders` has them; none of another execution."""
    try:
        state: dict[str, Any] = json.loads(content)
        if state["execution"] != execution:
            return {}
        share = min(1.0, float(state["requests_per_second"]) / float(state["max_requests_per_second"]))
        orders: Message = {"hold": bool(state["paused"]), "share": share}
        if state["stopping"] is not None:
            orders["stop"] = [str(state["stopping"]), DRAIN_SECONDS]
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return {}
    return orders if share > 0 else {}
