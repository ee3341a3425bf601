"""One sending task over a staged file of its own, without a limit, and what it recorded."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from delivery.pacing.pacer import DRAIN_SECONDS, Pacer
from delivery.partition import _deliver
from delivery.sending.inbox import ThreadInbox
from delivery.sending.report import PartitionReport
from delivery.sending.watchdog import Watchdog
from delivery.task import CoordinatorAddress, DeliveryTask
from tests.delivery.fakes import staged

BASE = 1_700_000_000

EVENTS = [event for number in range(30) for event in staged(f"s{number}", *range(BASE, BASE + 15))]

IDS = {event.event_id for event in EVENTS}


def delivered(task: DeliveryTask, pacer: Pacer) -> PartitionReport:
    with Watchdog(time.monotonic) as watchdog:
        return _deliver(task, pacer, ThreadInbox(), watchdog)


class Unpaced:
    """A pacer without a limit."""

    def __init__(self) -> None:
        self.holds = self.accepts = False
        self.stop_reason: str | None = None
        self.drain_seconds = DRAIN_SECONDS

    def wait(self, ready: int, left: int = 1, after: int = 0) -> float:  # noqa: ARG002 - there is no limit
        return 0.0

    def spend(self) -> int:
        return 1

    def sent(self) -> None:
        pass

    def observe(
        self, fault: str | None, ticket: int, events: int = 0, *, took: float = 0.0, name: str = ""
    ) -> None:
        pass

    def stop_all(self, reason: str, drain: float = DRAIN_SECONDS) -> None:  # noqa: ARG002
        self.stop_reason = self.stop_reason or reason

    def close(self) -> None:
        pass


def task(folder: Path, url: str | None) -> DeliveryTask:
    """A task over `EVENTS`."""
    stage = folder / "stage.parquet"
    columns = {
        "event_id": [event.event_id for event in EVENTS],
        "envelope": [event.envelope.decode() for event in EVENTS],
        "body": [event.body.decode() for event in EVENTS],
        "sent_at": [event.sent_at for event in EVENTS],
        "requests_after": [event.requests_after for event in EVENTS],
    }
    pq.write_table(pa.table(columns), stage)
    no_coordinator = CoordinatorAddress("127.0.0.1", 1, b"key")
    return DeliveryTask(
        partition=3,
        stage_url=str(stage),
        output_url=str(folder / "out"),
        run_id="run",
        execution="x1",
        tracking_id="tracker",
        region="eu-west-1",
        endpoint_url=url,
        max_attempts=8,
        coordinator=no_coordinator,
        fallback_rate=500.0,
    )


def recorded(folder: Path, *parts: str) -> list[str]:
    """The event ids of a recorded dataset."""
    return list(pq.read_table(folder.joinpath("out", *parts), columns=["event_id"])["event_id"].to_pylist())
