"""A partition without the driver knows of a pause, a rate and a stop by the run's control file."""

from __future__ import annotations

import pytest

from delivery.pacing.pacer import DRAIN_SECONDS
from delivery.pacing.partition.lost_orders import EVERY_SECONDS, LostOrders, orders_in
from jobs.control.record import ControlRecord
from tests.jobs.leases.lease_memory import Clock, MemoryStore

RECORD = ControlRecord(run_id="day", execution="e1", max_requests_per_second=500, requests_per_second=500)


@pytest.mark.parametrize(
    ("record", "orders"),
    [
        (RECORD, {"hold": False, "share": 1.0}),
        (RECORD.with_heeded(1, 50, paused=True), {"hold": True, "share": 0.1}),
        (
            RECORD.with_heeded(1, 500, paused=False, stopping="enough"),
            {"hold": False, "share": 1.0, "stop": ["enough", DRAIN_SECONDS]},
        ),
    ],
)
def test_the_state_that_the_run_wrote_is_what_is_ordered(
    record: ControlRecord, orders: dict[str, object]
) -> None:
    assert orders_in(record.to_bytes(), "e1") == orders


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"execution": "e1"}', b"\xff", RECORD.to_bytes()])
def test_another_executions_file_and_one_that_is_none_order_nothing(content: bytes) -> None:
    assert orders_in(content, "e2") == {}


def test_the_file_is_read_every_few_seconds_and_may_be_out_of_reach() -> None:
    clock = Clock()
    store = MemoryStore(clock)
    store.content = RECORD.with_heeded(1, 500, paused=True).to_bytes()
    orders = LostOrders(lambda: store, "e1", clock)
    assert orders.read() == {}, "what the driver said last may not be in the file yet"
    clock.now += EVERY_SECONDS
    assert orders.read()["hold"] is True
    assert orders.read() == {}
    store.is_out_of_reach = True
    clock.now += EVERY_SECONDS
    assert orders.read() == {}
    store.is_out_of_reach, store.content = False, None
    clock.now += EVERY_SECONDS
    assert orders.read() == {}, "the file goes when the run ends"
