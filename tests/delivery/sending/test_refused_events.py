"""Events that the service refuses for their content: found alone, and the others of their request delivered."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.service.answer import ACCEPTED, Answer
from tests.delivery.fakes import (
    BROKEN,
    INVALID,
    THROTTLE,
    Call,
    Stage,
    always,
    many_sessions,
    refusing,
    staged,
)


def test_failures_of_content_are_not_the_services_failures() -> None:
    stage = Stage(staged("s", *range(3)), always(INVALID))
    stage.run()
    assert (stage.tally.failing_since, stage.tally.failed_in_a_row) == (None, 0)


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


def test_a_refusal_that_quotes_a_tracking_id_concerns_its_event_alone() -> None:
    """An item may be called so: words of the service's message decide nothing."""
    quoting = Answer(400, "InvalidInputException", "itemId 'event tracker, tracking-id 7' is not valid")
    stage = Stage(many_sessions(20), lambda call: quoting if "s3-4" in call.ids else ACCEPTED)
    assert stage.run() is None
    assert set(stage.dead.letters) == {"s3-4"}
    assert stage.tally.events_delivered == 199


def test_bad_events_next_to_each_other_never_stop_a_job_that_delivers() -> None:
    """Each run would meet them first, and stop at the same place: dead letters are in no ledger."""
    stage = Stage(many_sessions(60), lambda call: INVALID if call.session != "s0" else ACCEPTED, rate=20.0)
    assert stage.run() is None
    assert (stage.tally.events_delivered, stage.tally.events_dead_lettered) == (10, 590)


def test_a_job_that_delivers_elsewhere_goes_on_past_a_partition_of_bad_events() -> None:
    stage = Stage(many_sessions(60), always(INVALID), rate=20.0)
    stage.pacer.accepts = True
    assert stage.run() is None
    assert stage.tally.events_dead_lettered == 600


def test_refusals_of_content_between_other_failures_are_signs_of_life() -> None:
    """Of a service that delivers: else a few time-outs among bad events would stop each run at the same place."""
    faults = (BROKEN, INVALID, INVALID, THROTTLE, INVALID)
    stage = Stage(many_sessions(60), lambda call: faults[call.number % 5], rate=20.0, max_attempts=99)
    stage.pacer.accepts = True
    assert stage.run() is None
    assert stage.tally.events_dead_lettered == 600


def test_a_service_that_refuses_each_event_for_its_content_stops_the_job() -> None:
    stage = Stage(many_sessions(3000), always(INVALID), rate=50.0)
    reason = str(stage.run())
    assert "InvalidInputException" in reason
    assert "personalize.tracking_id" in reason
    assert len(stage.client.calls) < 600
