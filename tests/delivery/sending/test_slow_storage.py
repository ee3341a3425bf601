"""A ledger whose storage stalls: what a crash would send again, on a simulated clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.packing import StagedEvent
from delivery.receipts.segment_writer import FLUSH_SECONDS
from delivery.service.answer import ACCEPTED, Answer
from tests.delivery.fakes import BROKEN, Call, SimulatedTime, Stage, accept, many_sessions

RATE = 20.0


class StallingLedger:
    """A ledger that writes as `SegmentWriter` does; its writes take these seconds, one after the other, then 0.1."""

    def __init__(self, time: SimulatedTime, writes: Sequence[float]) -> None:
        self.failure: str | None = None
        self.ids: list[str] = []
        self._time = time
        self._writes = list(writes)
        self._unwritten: list[float] = []
        time.after(FLUSH_SECONDS, self._begin)

    def accepted(self, events: Sequence[StagedEvent], at: float) -> None:  # noqa: ARG002 - the sender's clock counts
        self.ids.extend(event.event_id for event in events)
        self._unwritten.append(self._time.now)

    @property
    def unwritten_seconds(self) -> float:
        return self._time.now - self._unwritten[0] if self._unwritten else 0.0

    def _begin(self) -> None:
        seconds = self._writes.pop(0) if self._writes else 0.1
        count = len(self._unwritten)
        self._time.after(seconds, lambda: self._end(count))

    def _end(self, count: int) -> None:
        del self._unwritten[:count]
        self._time.after(max(0.0, FLUSH_SECONDS - self.unwritten_seconds), self._begin)


def stalling(stage: Stage, writes: Sequence[float]) -> StallingLedger:
    ledger = StallingLedger(stage.time, writes)
    stage.sender._services = replace(stage.sender._services, ledger=ledger)
    return ledger


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0.0, 29.0), max_size=6), st.floats(0.01, 12.0))
def test_nothing_is_started_while_records_of_five_seconds_ago_are_missing(
    writes: list[float], latency: float
) -> None:
    """What a crash would send again is five seconds of sending, and what was in flight."""
    ages: list[float] = []

    def script_latency(_: Call) -> float:
        ages.append(ledger.unwritten_seconds)
        return latency

    stage = Stage(many_sessions(400), accept, latency=script_latency, rate=RATE)
    ledger = stalling(stage, writes)
    assert stage.run() is None
    assert max(ages) <= 5.0
    assert len(ledger.ids) == len(set(ledger.ids)) == 4000


@settings(max_examples=8, deadline=None)
@given(st.lists(st.floats(0.0, 1.4), max_size=20))
def test_storage_that_writes_in_time_costs_no_sending(writes: list[float]) -> None:
    stage = Stage(many_sessions(400), accept, rate=RATE)
    stalling(stage, writes)
    assert stage.run() is None
    assert max(after - before for before, after in pairwise(stage.pacer.spent)) <= 1.01 / RATE


def test_failures_before_and_after_a_stall_are_not_a_dead_service() -> None:
    def script(call: Call) -> Answer:
        return BROKEN if 3.0 < call.at < 28.0 else ACCEPTED

    stage = Stage(many_sessions(600), script, rate=5.0)
    stalling(stage, [24.0])
    assert stage.run() is None
    assert stage.tally.events_delivered == 6000
