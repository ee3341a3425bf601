"""The promises of the one retry loop, on a simulated clock: nothing sleeps."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.packing import StagedEvent
from delivery.sending.sender import MAX_IN_FLIGHT
from delivery.sending.workload import MAX_HELD
from delivery.service.answer import ACCEPTED, Answer
from tests.delivery.fakes import (
    BROKEN,
    EPOCH,
    INVALID,
    SILENT,
    THROTTLE,
    Stage,
    many_sessions,
    on_call,
    staged,
)


def test_every_event_is_delivered_once_in_full_requests() -> None:
    stage = Stage(many_sessions(30, 25))
    assert stage.run() is None
    assert Counter(stage.ledger.ids) == Counter(event.event_id for event in many_sessions(30, 25))
    assert (stage.tally.requests_delivered, stage.tally.request_attempts) == (90, 90)
    assert stage.tally.events_delivered == 750
    assert stage.pacer.events == 750


def test_nothing_to_send_sends_nothing() -> None:
    stage = Stage([])
    assert stage.run() is None
    assert (stage.client.calls, stage.tally.first_attempt_at, stage.tally.last_answer_at) == ([], None, None)


def test_the_report_says_when_sending_began_and_ended() -> None:
    stage = Stage(staged("s", *range(20)))
    stage.run()
    assert stage.tally.first_attempt_at == EPOCH
    assert stage.tally.last_answer_at == pytest.approx(EPOCH + 0.06)


def test_a_throttled_request_goes_out_again_with_the_same_ids() -> None:
    stage = Stage(many_sessions(3), on_call(c2=THROTTLE))
    assert stage.run() is None
    again = stage.client.calls[3]
    assert (again.session, again.ids) == (stage.client.calls[1].session, stage.client.calls[1].ids)
    assert (stage.tally.request_attempts, stage.tally.throttled_attempts) == (4, 1)
    assert stage.tally.events_delivered == 30


@pytest.mark.parametrize("answer", [BROKEN, SILENT, Answer(503), Answer(409, "ResourceInUseException")])
def test_a_transient_failure_is_waited_out(answer: Answer) -> None:
    stage = Stage(many_sessions(2), on_call(c1=answer, c3=answer))
    assert stage.run() is None
    assert (stage.tally.events_delivered, stage.tally.request_attempts) == (20, 4)
    assert stage.tally.throttled_attempts == 0


def test_the_pacer_is_charged_for_every_attempt_and_learns_every_outcome() -> None:
    stage = Stage(many_sessions(3), on_call(c1=THROTTLE, c2=BROKEN, c3=INVALID))
    stage.run()
    assert len(stage.pacer.spent) == len(stage.client.calls) == len(stage.pacer.observed)
    assert Counter(stage.pacer.observed) == {"throttled": 1, "transient": 1, "poison": 1, None: 4}


def test_a_request_that_runs_out_of_attempts_is_dead_lettered_whole() -> None:
    """And the rest goes on."""
    stage = Stage(many_sessions(6), lambda call: BROKEN if call.session == "s0" else ACCEPTED, max_attempts=3)
    assert stage.run() is None
    assert stage.tally.events_delivered == 50
    assert set(stage.dead.letters) == {f"s0-{number}" for number in range(10)}
    body, code, message, attempts = stage.dead.letters["s0-3"]
    assert body == '{"eventId":"s0-3","eventType":"view","itemId":"i","sentAt":3}'
    assert (code, message, attempts) == ("InternalFailure", "Internal server error", 3)
    assert (stage.tally.events_dead_lettered, stage.tally.events_given_up) == (10, 10)


def test_the_tally_tells_since_when_nothing_but_failures_came() -> None:
    stage = Stage(
        many_sessions(5),
        lambda call: ACCEPTED if call.number in (1, 3) else BROKEN,
        max_attempts=2,
        rate=10.0,
    )
    assert stage.run() is None
    tally = stage.tally
    assert (tally.events_delivered, tally.events_given_up) == (20, 30)
    assert tally.last_accepted_at is not None
    assert tally.failing_since is not None
    assert tally.failing_since > tally.last_accepted_at
    assert 5 <= tally.failed_in_a_row < tally.request_attempts - 2


def test_a_refusal_whose_cause_was_fixed_costs_the_request_no_attempt() -> None:
    misdated = Answer(400, "RequestExpired", renewed=True)
    stage = Stage(many_sessions(2), on_call(c1=misdated, c2=misdated, c3=misdated), max_attempts=1)
    assert stage.run() is None
    assert (stage.tally.events_delivered, stage.tally.request_attempts) == (20, 5)


def test_one_attempt_means_one_attempt() -> None:
    stage = Stage(many_sessions(2), on_call(c1=THROTTLE), max_attempts=1)
    assert stage.run() is None
    assert (len(stage.client.calls), stage.tally.events_dead_lettered, stage.tally.events_delivered) == (
        2,
        10,
        10,
    )


def test_it_shows_that_it_moves_several_times_a_second() -> None:
    stage = Stage(many_sessions(2), latency=10.0)
    stage.run()
    assert stage.turns >= 5 * stage.time.now - 1


def test_the_pacer_learns_how_long_a_failed_attempt_took_and_its_name() -> None:
    stage = Stage(staged("s", 1), on_call(c1=BROKEN, c2=INVALID), latency=0.25)
    stage.run()
    assert [name for _, name in stage.pacer.failures] == ["InternalFailure", "InvalidInputException"]
    assert [took for took, _ in stage.pacer.failures] == pytest.approx([0.25, 0.25])


@settings(max_examples=40, deadline=None)
@given(
    sessions=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 25)), max_size=30),
    faults=st.lists(st.sampled_from([ACCEPTED, THROTTLE, BROKEN, SILENT]), max_size=7),
    seed=st.integers(0, 1000),
)
def test_each_event_is_delivered_once_and_in_order_if_failures_end(
    sessions: list[tuple[int, int]], faults: list[Answer], seed: int
) -> None:
    clock: Counter[int] = Counter()
    events: list[StagedEvent] = []
    for session, size in sessions:
        events += staged(f"s{session}", *range(clock[session], clock[session] + size))
        clock[session] += size
    latencies = Random(seed)  # noqa: S311 - not a secret
    stage = Stage(
        events,
        lambda call: faults[call.number - 1] if call.number <= len(faults) else ACCEPTED,
        latency=lambda _: latencies.uniform(0.001, 0.5),
        max_attempts=50,
        seed=seed,
    )
    assert stage.run() is None
    assert Counter(stage.ledger.ids) == Counter(event.event_id for event in events)
    order = defaultdict(list)
    for event_id in stage.ledger.ids:
        session, number = event_id.split("-")
        order[session].append(int(number))
    assert all(numbers == sorted(numbers) for numbers in order.values())


def test_one_huge_session_does_not_keep_the_others_waiting() -> None:
    huge = [staged("huge", *range(start, start + 10)) for start in range(0, 2000, 10)]
    small = [staged(f"s{number}", 1) for number in range(200)]
    events = [event for pair in zip(huge, small, strict=True) for batch in pair for event in batch]
    stage = Stage(events, latency=0.1, rate=1000.0)
    assert stage.run() is None
    done = [call for call in stage.client.calls if call.session != "huge"]
    assert max(call.at for call in done) < 1.0


def test_the_look_ahead_is_bounded() -> None:
    drawn = 0

    def endless() -> Iterator[StagedEvent]:
        nonlocal drawn
        for number in range(20 * MAX_HELD * 10):
            drawn += 1
            yield staged("huge", number)[0]

    stage = Stage(endless())
    stage.time.after(1.0, lambda: stage.pacer.stop_all("enough"))
    stage.run()
    assert drawn <= (MAX_HELD + 100) * 10


def test_the_requests_in_flight_are_bounded_and_grow_only_with_latency() -> None:
    slow = Stage(many_sessions(1500, 1), latency=5.0, rate=10_000.0)
    slow.run()
    assert slow.client.most_open == MAX_IN_FLIGHT
    quick = Stage(many_sessions(1500, 1), latency=0.01, rate=1000.0)
    quick.run()
    assert quick.client.most_open <= 12
