"""Packing: nothing lost, nothing moved, no request more than needed."""

from __future__ import annotations

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from delivery.packing import StagedEvent, pack

runs = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 35)), max_size=20)


def events_of(runs: list[tuple[int, int]]) -> list[StagedEvent]:
    envelopes = [f'{{"sessionId":"{session}"}}'.encode() for session, size in runs for _ in range(size)]
    return [StagedEvent(str(number), envelope, b"{}") for number, envelope in enumerate(envelopes)]


@given(runs=runs, limit=st.integers(1, 12))
def test_every_event_is_in_exactly_one_batch_and_in_order(runs: list[tuple[int, int]], limit: int) -> None:
    events = events_of(runs)
    assert [event for batch in pack(events, limit) for event in batch.events] == events


@given(runs=runs, limit=st.integers(1, 12))
def test_a_batch_is_of_one_envelope_and_within_the_limit(runs: list[tuple[int, int]], limit: int) -> None:
    for batch in pack(events_of(runs), limit):
        assert 1 <= len(batch.events) <= limit
        assert {event.envelope for event in batch.events} == {batch.envelope}


@given(runs=runs, limit=st.integers(1, 12))
def test_each_run_of_an_envelope_takes_the_fewest_requests(runs: list[tuple[int, int]], limit: int) -> None:
    events = events_of(runs)
    sizes = [len(list(run)) for _, run in groupby(events, key=lambda event: event.envelope)]
    assert len(list(pack(events, limit))) == sum(-(-size // limit) for size in sizes)


def test_packing_draws_no_more_than_the_batch_it_gives() -> None:
    drawn: list[StagedEvent] = []
    source = (drawn.append(event) or event for event in events_of([(1, 100)]))
    next(pack(source, 10))
    assert len(drawn) == 10
