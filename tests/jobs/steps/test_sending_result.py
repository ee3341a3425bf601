"""The account of sending, whichever of its witnesses are left."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.pacing.driver.progress import Progress
from delivery.packing import StagedEvent
from delivery.receipts.dead_letters import DeadLetters
from delivery.receipts.ledger import Ledger
from delivery.sending.report import PartitionReport
from delivery.sending.tally import Tally
from delivery.task import CoordinatorAddress, DeliveryTask
from jobs.steps.sending_result import Receipts, sent_in_all

CRASH = "Spark lost a sending task"


def receipts(output: Path, to_send: int = 100) -> Receipts:
    return Receipts(str(output), "t", "run", "x1", to_send)


def task_of(output: Path) -> DeliveryTask:
    no_coordinator = CoordinatorAddress("127.0.0.1", 1, b"key")
    return DeliveryTask(0, "", str(output), "run", "x1", "t", None, None, 8, no_coordinator, 1.0)


def record(output: Path, *event_ids: str) -> None:
    """Have a partition write these down as delivered."""
    ledger = Ledger(task_of(output), "a1")
    ledger.accepted([StagedEvent(each, b"", b"") for each in event_ids], 1_700_000_000.0)
    ledger.close()


def bury(output: Path, events: int) -> None:
    """Have another attempt of it write down so many dead letters."""
    letters = DeadLetters(task_of(output), "a2")
    for number in range(events):
        letters.add(StagedEvent(f"dead-{number}", b"", b""), "Refused", None, 1)
    letters.close()


def report(**counts: object) -> PartitionReport:
    return PartitionReport(0, Tally(**counts))  # type: ignore[arg-type]


def test_what_is_in_the_ledger_is_delivered_for_any_report(tmp_path: Path) -> None:
    record(tmp_path, "a", "b", "c")
    sent = sent_in_all(receipts(tmp_path), [report(events_delivered=5)], Progress(events_delivered=7), None)
    assert sent.events_delivered == 3


def test_a_ledger_that_lost_events_during_the_run_is_a_stop_with_a_reason(tmp_path: Path) -> None:
    """As where a clean-up deletes the output: the next run sends them again, and the operator must know why."""
    record(tmp_path, "a", "b", "c")
    reports = [report(events_delivered=3), report(events_delivered=2)]
    reason = sent_in_all(receipts(tmp_path), reports, Progress(), None).stop_reason
    assert "deleted during the run, and with them 2 events that the service accepted;" in str(reason)
    assert sent_in_all(receipts(tmp_path), reports[:1], Progress(), None).stop_reason is None


def test_dead_letters_that_were_deleted_during_the_run_are_a_stop_with_a_reason(tmp_path: Path) -> None:
    record(tmp_path, "a", "b")
    bury(tmp_path, 3)
    reports = [report(events_delivered=2, events_dead_lettered=1), report(events_dead_lettered=4)]
    reason = sent_in_all(receipts(tmp_path), reports, Progress(), None).stop_reason
    assert "dead_letters/ were deleted during the run, and with them 2 events" in str(reason)
    reports[1] = report(events_dead_lettered=2)
    assert sent_in_all(receipts(tmp_path), reports, Progress(), None).stop_reason is None


def test_what_one_attempt_gave_up_and_another_delivered_was_not_deleted(tmp_path: Path) -> None:
    record(tmp_path, "a", "dead-0")
    bury(tmp_path, 1)
    reports = [report(events_delivered=1, events_dead_lettered=1)]
    sent = sent_in_all(receipts(tmp_path), reports, Progress(), None)
    assert (sent.events_delivered, sent.events_dead_lettered, sent.stop_reason) == (2, 0, None)


@pytest.mark.parametrize(("reports", "delivered"), [([report(events_delivered=5)], 5), ([], 4)])
def test_a_ledger_that_can_not_be_read_leaves_what_was_reported(
    reports: list[PartitionReport], delivered: int, tmp_path: Path
) -> None:
    (tmp_path / "ledger").write_text("in the way")
    sent = sent_in_all(receipts(tmp_path), reports, Progress(events_delivered=4), None)
    assert sent.events_delivered == delivered
    assert "ledger" in str(sent.stop_reason)


def test_what_was_reported_never_exceeds_what_there_was_to_send(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("in the way")
    tallies = [report(events_delivered=3, events_dead_lettered=9)]
    sent = sent_in_all(receipts(tmp_path, to_send=10), tallies, Progress(events_delivered=8), None)
    assert (sent.events_delivered, sent.events_dead_lettered) == (8, 2)
    sent = sent_in_all(receipts(tmp_path, to_send=7), tallies, Progress(events_delivered=8), None)
    assert (sent.events_delivered, sent.events_dead_lettered) == (7, 0)


def test_events_that_ran_out_of_attempts_while_nothing_was_accepted_are_a_stop(tmp_path: Path) -> None:
    down = [report(events_dead_lettered=10, events_given_up=10), report(events_dead_lettered=1)]
    assert "not one request" in str(sent_in_all(receipts(tmp_path), down, Progress(), None).stop_reason)


def test_events_that_the_service_refused_do_not_stop_the_run(tmp_path: Path) -> None:
    bury(tmp_path, 10)
    poison = [report(events_dead_lettered=10)]
    assert sent_in_all(receipts(tmp_path), poison, Progress(), None).stop_reason is None


def test_events_out_of_attempts_among_accepted_ones_do_not_stop_the_run(tmp_path: Path) -> None:
    record(tmp_path, "a")
    bury(tmp_path, 10)
    some = [report(events_delivered=1, events_dead_lettered=10, events_given_up=10)]
    assert sent_in_all(receipts(tmp_path), some, Progress(), None).stop_reason is None


@pytest.mark.parametrize(
    ("failing_since", "failures", "said"),
    [(6.0, 20, "nothing any more"), (6.0, 19, "None"), (4.0, 99, "None")],
)
def test_a_job_that_ends_in_failures_alone_is_a_stop(
    failing_since: float, failures: int, said: str, tmp_path: Path
) -> None:
    """If nothing was accepted after the first of them."""
    record(tmp_path, "a", "b")
    bury(tmp_path, 10)
    healthy = report(events_delivered=1, last_accepted_at=5.0)
    failing = report(
        events_delivered=1,
        last_accepted_at=3.0,
        events_given_up=10,
        events_dead_lettered=10,
        failing_since=failing_since,
        failed_in_a_row=failures,
    )
    sent = sent_in_all(receipts(tmp_path), [healthy, failing], Progress(), None)
    assert said in str(sent.stop_reason)


def test_failures_that_cost_no_event_do_not_stop_the_run(tmp_path: Path) -> None:
    record(tmp_path, "a")
    late = report(events_delivered=1, last_accepted_at=3.0, failing_since=4.0, failed_in_a_row=99)
    assert sent_in_all(receipts(tmp_path), [late], Progress(), None).stop_reason is None


def test_the_first_reason_of_all_is_the_one_that_is_reported(tmp_path: Path) -> None:
    stopped = Progress(stop_reason="a signal was received")
    assert sent_in_all(receipts(tmp_path), [], stopped, CRASH).stop_reason == "a signal was received"
    assert sent_in_all(receipts(tmp_path), [], Progress(), CRASH).stop_reason == CRASH
    assert sent_in_all(receipts(tmp_path), [report()], stopped, None).stop_reason is None


def test_times_span_all_partitions(tmp_path: Path) -> None:
    reports = [
        report(first_attempt_at=2.0, last_answer_at=5.0),
        report(),
        report(first_attempt_at=1.0, last_answer_at=3.0),
    ]
    sent = sent_in_all(receipts(tmp_path), reports, Progress(), None)
    assert (sent.started_at, sent.finished_at) == (1.0, 5.0)


def test_all_partitions_make_one_timeline_and_one_count_of_full_requests(tmp_path: Path) -> None:
    first, second = Tally(), Tally()
    for tally, seconds in ((first, 5.0), (second, 5.5), (second, 7.0)):
        tally.attempted(seconds)
        tally.accepted(10, seconds)
    sent = sent_in_all(
        receipts(tmp_path), [PartitionReport(0, first), PartitionReport(1, second)], Progress(), None
    )
    assert [point.attempts for point in sent.timeline.series()] == [2, 0, 1]
    assert sent.requests_by_events == {10: 3}


def test_where_reports_were_lost_the_timeline_says_less_than_the_count_of_attempts(tmp_path: Path) -> None:
    sent = sent_in_all(receipts(tmp_path), [], Progress(request_attempts=7), CRASH)
    assert (sent.request_attempts, list(sent.timeline.series())) == (7, [])
