"""For any fault of service or output, the job ends in the contract's exit code with an account that closes.

The faults are the stand-in's own, against the whole job: few runs, each proving several promises.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs import run as the_run
from jobs.account.closed_account import Sent
from jobs.control.steering import Steering
from jobs.progress.run_progress import PhaseListener
from jobs.steps.sending import Sending, send
from jobs.stop_signals import StopSignals
from standin.faults import FaultPlan
from standin.process import Option, StandinProcess
from tests.whole_job.harness import Job, interactions, ledger_ids, rows_in, run_here

pytestmark = [pytest.mark.spark, pytest.mark.job]

START = 1_760_000_000
SECRET = "Zq7x"
"""In every user, session, item and property of these runs, and must be in nothing that people read."""


def history(sessions: int, events: int = 10) -> list[dict[str, Any]]:
    """`events` events in each of `sessions` sessions: one full request a session at ten events."""
    return [
        {
            "USER_ID": f"user-{SECRET}-{session}",
            "SESSION_ID": f"session-{SECRET}-{session}",
            "ITEM_ID": f"item-{SECRET}-{number}",
            "TIMESTAMP": START + number,
            "DISCOUNT": f"discount-{SECRET}",
        }
        for session in range(sessions)
        for number in range(events)
    ]


@contextmanager
def service(tmp_path: Path, **options: Option) -> Iterator[StandinProcess]:
    """A service with the given faults that records what it accepts."""
    with StandinProcess(record=tmp_path / "record", seconds=300, **options) as standin:
        yield standin


def a_job(tmp_path: Path, standin: StandinProcess, sessions: int, **delivery: float) -> Job:
    job = Job(tmp_path / "job", standin)
    job.settings["delivery"] = delivery
    job.write_source(interactions(history(sessions)))
    return job


def accepted_ids(tmp_path: Path) -> set[str]:
    """The ids that the service recorded: look after it has ended."""
    return {event["eventId"] for event in rows_in(tmp_path / "record")}


def assert_nothing_leaked(folder: Path, log: str, standin: StandinProcess) -> None:
    """No personal value and no credential in what people read: log, summary, report, validation, Data Docs."""
    readable = [path for path in folder.rglob("*") if path.suffix in (".json", ".html")]
    assert len(readable) >= 4
    keys = standin.credentials
    for text in (log, *(path.read_text() for path in readable)):
        assert not any(secret in text for secret in (SECRET, keys.access_key, keys.secret_key))


MIXED = {"throttle": 0.3, "500": 0.04, "503": 0.04, "reset-before": 0.04, "reset-after": 0.04, "slow": 0.02}


def test_a_storm_of_faults_costs_attempts_and_no_event(spark: SparkSession, tmp_path: Path) -> None:
    with service(tmp_path, faults=MIXED, seed=3, slow_seconds=12) as standin:
        run = run_here(a_job(tmp_path, standin, 60, max_attempts=20, max_requests_per_second=2000), spark)
        seen = standin.stop()
    summary = run.summary
    assert set(seen["faults"]) == set(MIXED), "the seed must give every kind of fault"
    assert (run.exit_code, summary["events_delivered"], summary["events_dead_lettered"]) == (0, 600, 0)
    assert seen["distinct_event_ids"] == len(accepted_ids(tmp_path)) == 600
    assert sorted(ledger_ids(run.output)) == sorted(accepted_ids(tmp_path))
    # What was accepted and not answered, or too late, went out again under the same ids.
    assert seen["events_accepted_again"] == 10 * (seen["faults"]["reset-after"] + seen["faults"]["slow"])
    assert summary["request_attempts"] == seen["requests"]
    assert summary["throttled_attempts"] == seen["faults"]["throttle"]


def test_poison_is_dead_lettered_alone_and_its_neighbours_are_delivered(
    spark: SparkSession, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with service(tmp_path, faults={"poison": 0.01}, seed=3) as standin:
        run = run_here(a_job(tmp_path, standin, 100), spark)
        standin.stop()
    summary, dead = run.summary, run.dead_letters()
    plan = FaultPlan({"poison": 0.01}, seed=3)
    assert (run.exit_code, summary["status"]) == (4, "dead_lettered")
    assert 5 <= len(dead) == summary["events_dead_lettered"] == len({letter["event_id"] for letter in dead})
    assert all(plan.poisons([{"eventId": letter["event_id"]}]) for letter in dead)
    assert not any(plan.poisons([{"eventId": event_id}]) for event_id in ledger_ids(run.output))
    assert {letter["error_code"] for letter in dead} == {"InvalidInputException"}
    assert summary["events_delivered"] == len(accepted_ids(tmp_path)) == 1000 - len(dead)
    assert summary["events_not_attempted"] == 0
    assert_nothing_leaked(run.folder, caplog.text, standin)


FATAL = {
    "forbidden": "permission personalize:PutEvents",
    "unknown-tracker": "check personalize.tracking_id",
}
"""One of AWS's and one of the service's own; `tests/delivery/service/test_faults.py` holds what each code means."""


@pytest.mark.parametrize("fault", FATAL)
def test_what_no_retry_fixes_stops_the_job_and_says_where_to_look(
    fault: str, spark: SparkSession, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with service(tmp_path, faults={fault: 1.0}) as standin:
        run = run_here(a_job(tmp_path, standin, 40), spark)
        requests = standin.stop()["requests"]
    summary = run.summary
    assert (run.exit_code, summary["status"]) == (5, "stopped")
    assert FATAL[fault] in summary["reason"]
    assert FATAL[fault] in caplog.text
    assert (summary["events_not_attempted"], summary["events_dead_lettered"]) == (400, 0)
    assert summary["request_attempts"] == requests <= 40
    assert_nothing_leaked(run.folder, caplog.text, standin)


@pytest.mark.parametrize(
    ("served", "sessions", "reason"), [(0, 3, "not one request"), (20, 60, "nothing any more")]
)
def test_a_service_that_goes_down_stops_a_short_job_too(
    served: int, sessions: int, reason: str, spark: SparkSession, tmp_path: Path
) -> None:
    """Even where it runs out of attempts first."""
    with service(tmp_path, faults={"down": served}) as standin:
        run = run_here(a_job(tmp_path, standin, sessions, max_attempts=3), spark)
    summary = run.summary
    assert (run.exit_code, summary["status"]) == (5, "stopped")
    assert reason in summary["reason"]
    assert summary["events_delivered"] == 10 * served
    assert summary["events_dead_lettered"] == len(run.dead_letters()) == 10 * (sessions - served)
    assert _seconds(summary, "sending_started_at", "finished_at") < 30


def test_a_service_that_never_answers_stops_a_slow_job_within_30_seconds(
    spark: SparkSession, tmp_path: Path
) -> None:
    """Although no partition sees enough of it: all of them together do."""
    with service(tmp_path, faults={"slow": 1.0}, slow_seconds=300) as standin:
        run = run_here(a_job(tmp_path, standin, 100, max_requests_per_second=1), spark)
        requests = standin.stop()["requests"]
    summary = run.summary
    assert (run.exit_code, summary["status"]) == (5, "stopped")
    assert "without a success, the last one with ReadTimeout" in summary["reason"]
    assert (summary["events_not_attempted"], summary["events_dead_lettered"]) == (1000, 0)
    assert summary["request_attempts"] == requests < 30
    assert _seconds(summary, "sending_started_at", "finished_at") < 30, "the account included"


def test_a_service_that_goes_down_stops_the_job_and_the_next_run_sends_the_rest(
    spark: SparkSession, tmp_path: Path
) -> None:
    with service(tmp_path / "first", faults={"down": 60}) as standin:
        job = a_job(tmp_path, standin, 300, max_requests_per_second=100)
        first = run_here(job, spark, "first")
    summary = first.summary
    delivered = accepted_ids(tmp_path / "first")
    assert (first.exit_code, summary["status"]) == (5, "stopped")
    assert "nothing is accepted any more" in summary["reason"]
    assert summary["events_delivered"] == len(delivered) == 600
    assert summary["events_not_attempted"] > 0
    assert _seconds(summary, "sending_started_at", "finished_at") < 30

    with service(tmp_path / "second") as standin:
        job.settings["personalize"]["endpoint_url"] = standin.url
        second = run_here(job, spark, "second")
    rest = accepted_ids(tmp_path / "second")
    assert (second.exit_code, second.summary["already_delivered"]) == (0, 600)
    assert delivered.isdisjoint(rest)
    assert second.summary["events_delivered"] == len(rest) == 2400


def test_a_ledger_that_breaks_stops_the_job_and_the_next_run_goes_on(
    spark: SparkSession, tmp_path: Path
) -> None:
    """It sends what the ledger lacks."""
    with service(tmp_path, faults={}) as standin:
        job = a_job(tmp_path, standin, 1000, max_requests_per_second=100)
        with broken_once_written(job.output / "ledger", tmp_path / "kept"):
            first = run_here(job, spark, "first")
        accepted = standin.stop()["events_accepted"]
    summary = first.summary
    assert (first.exit_code, summary["status"]) == (5, "stopped")
    assert "/output/ledger" in summary["reason"]
    assert 0 < summary["events_delivered"] == accepted < 10_000
    assert summary["events_dead_lettered"] == 0

    (job.output / "ledger").unlink()
    shutil.move(tmp_path / "kept", job.output / "ledger")
    recorded = len(ledger_ids(job.output))
    with service(tmp_path / "second") as standin:
        job.settings["personalize"]["endpoint_url"] = standin.url
        job.settings["delivery"] = {"max_requests_per_second": 2000}
        second = run_here(job, spark, "second")
    assert (second.exit_code, second.summary["already_delivered"]) == (0, recorded)
    assert accepted_ids(tmp_path) | accepted_ids(tmp_path / "second") == set(ledger_ids(job.output))
    assert len(set(ledger_ids(job.output))) == 10_000


@contextmanager
def broken_once_written(folder: Path, kept: Path) -> Iterator[None]:
    """Put a file in the place of `folder` as soon as something is in it; its content goes to `kept`."""
    done = threading.Event()

    def watch() -> None:
        while not any(folder.rglob("*.parquet")):
            if done.wait(0.05):
                return
        while not folder.is_file():
            with suppress(OSError):
                shutil.copytree(folder, kept, dirs_exist_ok=True)
                shutil.rmtree(folder)
                folder.write_text("in the way")

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


Meddle = Callable[[Sending], None]


def meddling(
    monkeypatch: pytest.MonkeyPatch, *, before: Meddle | None = None, after: Meddle | None = None
) -> None:
    """Have something happen to the output just before the job sends, or just after it has."""

    def meddled(
        spark: SparkSession, sending: Sending, signals: StopSignals, phases: PhaseListener, steering: Steering
    ) -> Sent:
        if before:
            before(sending)
        sent = send(spark, sending, signals, phases, steering)
        if after:
            after(sending)
        return sent

    monkeypatch.setattr(the_run, "send", meddled)


def test_a_staged_file_that_vanishes_stops_the_job_with_a_closed_account(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    meddling(monkeypatch, before=lambda sending: Path(sending.files[0].url).unlink())
    with service(tmp_path) as standin:
        run = run_here(a_job(tmp_path, standin, 40), spark)
        accepted = standin.stop()["events_accepted"]
    summary = run.summary
    assert (run.exit_code, summary["status"]) == (5, "stopped")
    assert "lost a sending task" in summary["reason"]
    assert summary["events_delivered"] == accepted
    assert summary["events_not_attempted"] > 0
    assert "Traceback" not in caplog.text
    assert_nothing_leaked(run.folder, caplog.text, standin)


def test_an_output_that_can_not_take_the_account_is_reported(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And the next run sends nothing again."""

    def replace_runs(sending: Sending) -> None:
        runs = Path(sending.preparation.run.output) / "runs"
        shutil.rmtree(runs)
        runs.write_text("in the way")

    with service(tmp_path) as standin:
        job = a_job(tmp_path, standin, 20)
        with monkeypatch.context() as patch:
            meddling(patch, after=replace_runs)
            first = run_here(job, spark, "first")
        assert first.exit_code == 5
        assert "200 events were delivered, and then the output failed" in caplog.text
        (job.output / "runs").unlink()
        second = run_here(job, spark, "second")
        requests = standin.stop()["requests"]
    assert (second.exit_code, second.summary["already_delivered"]) == (0, 200)
    assert requests == 20


def _seconds(summary: dict[str, Any], start: str, end: str) -> float:
    return (datetime.fromisoformat(summary[end]) - datetime.fromisoformat(summary[start])).total_seconds()
