"""What stops a sender, and what is still recorded, left or waited for then; on a simulated clock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from delivery.errors import AnswerOverdueError
from delivery.packing import StagedEvent
from delivery.sending.sender import ANSWER_SECONDS
from delivery.service.answer import ACCEPTED, Answer
from tests.delivery.fakes import (
    BROKEN,
    FORBIDDEN,
    INVALID,
    SILENT,
    THROTTLE,
    Call,
    Stage,
    always,
    many_sessions,
    on_call,
    staged,
)


def test_an_endless_mending_is_given_up() -> None:
    stage = Stage(
        many_sessions(2), always(Answer(403, "ExpiredTokenException", renewed=True)), max_attempts=1
    )
    assert "ExpiredTokenException" in str(stage.run())
    assert stage.time.now < 40.0


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


def test_a_stop_that_comes_when_all_is_done_is_not_an_early_end() -> None:
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


def test_every_tenth_request_failing_opens_no_circuit() -> None:
    stage = Stage(many_sessions(3000), lambda call: BROKEN if call.number % 10 == 0 else ACCEPTED, rate=100.0)
    assert stage.run() is None
    assert stage.tally.events_delivered == 30000


def test_failures_before_and_after_a_pause_are_not_a_dead_service() -> None:
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


def test_a_source_that_fails_is_reported_after_what_was_sent_is_recorded() -> None:
    def failing() -> Iterator[StagedEvent]:
        yield from many_sessions(1_200)
        raise OSError("the stage is gone")

    stage = Stage(failing())
    with pytest.raises(OSError, match="stage is gone"):
        stage.run()
    assert len(stage.ledger.ids) == len(stage.client.calls) * 10 > 0
