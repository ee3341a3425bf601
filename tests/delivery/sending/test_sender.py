"""The promises of the one retry loop, on a simulated clock: nothing sleeps."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.errors import AnswerOverdueError
from delivery.packing import StagedEvent
from delivery.sending.sender import ANSWER_SECONDS, MAX_IN_FLIGHT
from delivery.sending.workload import MAX_HELD
from delivery.service.answer import ACCEPTED, Answer
from tests.delivery.fakes import (
    BROKEN,
    EPOCH,
    FORBIDDEN,
    INVALID,
    SILENT,
    THROTTLE,
    Call,
    Stage,
    always,
    on_call,
    refusing,
    staged,
)


def many_sessions(sessions: int, events: int = 10) -> list[StagedEvent]:
    return [event for number in range(sessions) for event in staged(f"s{number}", *range(events))]


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


def test_failures_of_content_are_not_the_services_failures() -> None:
    stage = Stage(staged("s", *range(3)), always(INVALID))
    stage.run()
    assert (stage.tally.failing_since, stage.tally.failed_in_a_row) == (None, 0)


def test_a_refusal_whose_cause_was_fixed_costs_the_request_no_attempt() -> None:
    misdated = Answer(400, "RequestExpired", renewed=True)
    stage = Stage(many_sessions(2), on_call(c1=misdated, c2=misdated, c3=misdated), max_attempts=1)
    assert stage.run() is None
    assert (stage.tally.events_delivered, stage.tally.request_attempts) == (20, 5)


def test_an_endless_mending_is_given_up() -> None:
    stage = Stage(
        many_sessions(2), always(Answer(403, "ExpiredTokenException", renewed=True)), max_attempts=1
    )
    assert "ExpiredTokenException" in str(stage.run())
    assert stage.time.now < 40.0


def test_one_attempt_means_one_attempt() -> None:
    stage = Stage(many_sessions(2), on_call(c1=THROTTLE), max_attempts=1)
    assert stage.run() is None
    assert (len(stage.client.calls), stage.tally.events_dead_lettered, stage.tally.events_delivered) == (
        2,
        10,
        10,
    )


def test_a_bad_event_is_found_by_halving_and_the_others_of_its_request_are_delivered() -> None:
    stage = Stage(staged("s", *range(10)), refusing("s-7"))
    assert stage.run() is None
    assert set(stage.dead.letters) == {"s-7"}
    assert (stage.tally.events_dead_lettered, stage.tally.events_given_up) == (1, 0)
    assert stage.ledger.ids == [f"s-{number}" for number in range(10) if number != 7]
    assert stage.dead.letters["s-7"][1:] == ("InvalidInputException", INVALID.message, 4)
    assert len(stage.client.calls) <= 9


@settings(max_examples=60, deadline=None)
@given(size=st.integers(1, 10), bad=st.sets(st.integers(0, 9)), seed=st.integers(0, 99))
def test_few_requests_find_whichever_events_are_bad(size: int, bad: set[int], seed: int) -> None:
    bad = {number for number in bad if number < size}
    stage = Stage(staged("s", *range(size)), refusing(*(f"s-{number}" for number in bad)), seed=seed)
    assert stage.run() is None
    assert set(stage.dead.letters) == {f"s-{number}" for number in bad}
    assert stage.ledger.ids == [f"s-{number}" for number in range(size) if number not in bad]
    assert len(stage.client.calls) <= min(1 + 8 * len(bad), 2 * size - 1)


def test_halving_does_not_use_up_the_attempts_of_the_halves() -> None:
    def script(call: Call) -> Answer:
        if "s-7" in call.ids and len(call.ids) > 1:
            return INVALID
        return THROTTLE if call.ids == ["s-7"] and call.number < 8 else ACCEPTED

    stage = Stage(staged("s", *range(10)), script, max_attempts=3)
    assert stage.run() is None
    assert stage.tally.events_delivered == 10


@pytest.mark.parametrize(
    "answer",
    [
        FORBIDDEN,
        Answer(404, "ResourceNotFoundException"),
        Answer(403, "ExpiredTokenException"),
        Answer(None, "CredentialRetrievalError"),
    ],
)
def test_what_is_fatal_stops_the_job_and_dead_letters_nothing(answer: Answer) -> None:
    stage = Stage(many_sessions(200), lambda call: answer if call.number >= 5 else ACCEPTED)
    reason = stage.run()
    assert reason is not None
    assert answer.code is not None
    assert answer.code in reason
    assert stage.dead.letters == {}
    assert stage.tally.events_delivered == 40
    assert len(stage.client.calls) < 40, "only what was in flight goes on"


def test_a_refusal_that_quotes_a_tracking_id_concerns_its_event_alone() -> None:
    """An item may be called so: words of the service's message decide nothing."""
    quoting = Answer(400, "InvalidInputException", "itemId 'event tracker, tracking-id 7' is not valid")
    stage = Stage(many_sessions(20), lambda call: quoting if "s3-4" in call.ids else ACCEPTED)
    assert stage.run() is None
    assert set(stage.dead.letters) == {"s3-4"}
    assert stage.tally.events_delivered == 199


def test_a_service_that_refuses_each_event_for_its_content_stops_the_job() -> None:
    stage = Stage(many_sessions(3000), always(INVALID), rate=50.0)
    reason = str(stage.run())
    assert "InvalidInputException" in reason
    assert "personalize.tracking_id" in reason
    assert len(stage.client.calls) < 600


@pytest.mark.parametrize("answer", [BROKEN, INVALID])
def test_what_fails_after_a_stop_is_left_for_the_next_run(answer: Answer) -> None:
    stage = Stage(many_sessions(9, 1), lambda call: FORBIDDEN if call.number == 1 else answer, max_attempts=1)
    assert stage.run() is not None
    assert (stage.dead.letters, stage.ledger.ids) == ({}, [])


def test_no_message_of_the_service_gets_into_the_stop_reason() -> None:
    stage = Stage(many_sessions(2), always(FORBIDDEN))
    assert "user-3" not in str(stage.run())


def test_what_is_accepted_after_the_stop_is_still_recorded() -> None:
    slow = {1: 3.0}
    stage = Stage(
        many_sessions(50), on_call(c2=FORBIDDEN), latency=lambda call: slow.get(call.number, 0.03), rate=100.0
    )
    assert stage.run() is not None
    assert {f"s0-{number}" for number in range(10)} <= set(stage.ledger.ids)
    assert sum(stage.client.open_sessions.values()) == 0


def test_a_stop_from_elsewhere_is_obeyed_within_a_quarter_of_a_second() -> None:
    stage = Stage(many_sessions(2000), rate=100.0)
    stage.time.after(1.0, lambda: stage.pacer.stop_all("the driver says so"))
    assert stage.run() == "the driver says so"
    assert max(stage.pacer.spent) <= 1.25
    assert stage.tally.events_delivered == len(stage.client.calls) * 10


@pytest.mark.parametrize("which", ["ledger", "dead"])
def test_what_can_not_be_recorded_is_not_sent(which: str) -> None:
    stage = Stage(many_sessions(2000), rate=100.0)
    stage.time.after(1.0, lambda: setattr(getattr(stage, which), "failure", "the disk is full"))
    assert stage.run() == "the disk is full"
    assert stage.pacer.stop_reason == "the disk is full"
    assert max(stage.pacer.spent) <= 1.25


def test_a_stop_that_comes_when_all_is_done_is_no_early_end() -> None:
    stage = Stage(staged("s", 1))
    stage.client.script = lambda _: (stage.pacer.stop_all("late"), ACCEPTED)[1]
    assert stage.run() is None


@pytest.mark.parametrize("rate", [5.0, 500.0])
def test_a_partition_knows_a_dead_service_by_itself_within_thirty_seconds(
    rate: float,
) -> None:
    """Where it makes enough attempts."""
    stage = Stage(many_sessions(3000), always(SILENT), latency=10.0, rate=rate)
    reason = stage.run()
    assert reason is not None
    assert SILENT.code in reason
    assert stage.time.now < 25.0
    assert stage.dead.letters == {}


@pytest.mark.parametrize("drain", [2.0, 20.0])
def test_a_stop_says_how_long_answers_are_waited_for(drain: float) -> None:
    stage = Stage(many_sessions(5), latency=10.0)
    stage.time.after(1.0, lambda: stage.pacer.stop_all("the driver says so", drain))
    reason = stage.run()
    assert stage.time.now == pytest.approx(min(1.2 + drain, 10.2), abs=0.4)
    assert (reason, stage.tally.events_delivered) == ((None, 50) if drain > 10 else ("the driver says so", 0))


def test_a_client_that_breaks_its_word_is_an_error_and_what_was_accepted_is_recorded() -> None:
    stage = Stage(many_sessions(5), latency=lambda call: 1e9 if call.number == 3 else 0.03)
    with pytest.raises(AnswerOverdueError, match="no answer to 1 requests"):
        stage.run()
    assert len(stage.ledger.ids) == 40
    assert ANSWER_SECONDS < stage.time.now < 60.0


def test_a_client_is_not_blamed_for_the_time_in_which_nothing_was_sent() -> None:
    stage = Stage(many_sessions(2), latency=5.0, rate=0.02)
    assert stage.run() is None
    assert len(stage.ledger.ids) == 20


def test_it_shows_that_it_moves_several_times_a_second() -> None:
    stage = Stage(many_sessions(2), latency=10.0)
    stage.run()
    assert stage.turns >= 5 * stage.time.now - 1


def test_the_pacer_learns_how_long_a_failed_attempt_took_and_its_name() -> None:
    stage = Stage(staged("s", 1), on_call(c1=BROKEN, c2=INVALID), latency=0.25)
    stage.run()
    assert [name for _, name in stage.pacer.failures] == ["InternalFailure", "InvalidInputException"]
    assert [took for took, _ in stage.pacer.failures] == pytest.approx([0.25, 0.25])


def test_every_tenth_request_failing_opens_no_circuit() -> None:
    stage = Stage(many_sessions(3000), lambda call: BROKEN if call.number % 10 == 0 else ACCEPTED, rate=100.0)
    assert stage.run() is None
    assert stage.tally.events_delivered == 30000


def test_failures_before_a_pause_and_after_it_are_no_dead_service() -> None:
    """It moves in the pause, which the watchdog wants to see, and nothing goes out."""
    stage = Stage(many_sessions(20), rate=20.0)
    failed_again: list[Call] = []

    def script(call: Call) -> Answer:
        if stage.time.now < 1.0 or not failed_again:
            failed_again.extend([call] if stage.time.now > 1.0 else [])
            return BROKEN
        return ACCEPTED

    stage.client.script = script
    stage.time.after(0.9, lambda: setattr(stage.pacer, "holds", True))
    stage.time.after(600.0, lambda: setattr(stage.pacer, "holds", False))
    assert stage.run() is None
    assert stage.tally.events_delivered == 200
    assert [at for at in stage.pacer.spent if 0.9 < at < 600.0] == []
    assert stage.turns >= 5 * 599


def test_a_service_that_throttles_everything_is_given_up_too() -> None:
    stage = Stage(many_sessions(500), always(THROTTLE), rate=20.0)
    assert "ThrottlingException" in str(stage.run())
    assert stage.time.now < 40.0


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


def test_a_source_that_fails_is_reported_after_what_was_sent_is_recorded() -> None:
    def failing() -> Iterator[StagedEvent]:
        yield from many_sessions(1_200)
        raise OSError("the stage is gone")

    stage = Stage(failing())
    with pytest.raises(OSError, match="stage is gone"):
        stage.run()
    assert len(stage.ledger.ids) == len(stage.client.calls) * 10 > 0
