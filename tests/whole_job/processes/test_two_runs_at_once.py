"""Two runs at once for one tracking ID would be two full rates: one of them sends, and a dead one blocks no other."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

import jobs.run as the_run
from core.lease_store import LeaseStore
from jobs.account.closed_account import Sent
from jobs.control.steering import Steering
from jobs.leases import lease_keeper
from jobs.leases.lease_files import run_folder_lease, tracking_id_lease
from jobs.leases.lease_record import parse_record
from jobs.progress.run_progress import PhaseListener
from jobs.steps.sending import Sending, send
from jobs.stop_signals import StopSignals
from standin.process import StandinProcess
from tests.whole_job.harness import (
    Job,
    full_sessions,
    interactions,
    ledger_ids,
    rows_in,
    run_here,
    start_process,
)
from tests.whole_job.processes.waiting import wait_for, wait_until_it_sends

pytestmark = [pytest.mark.spark, pytest.mark.job]

SESSIONS = 400
EVENTS = 10 * SESSIONS


@pytest.fixture
def slow_job(job: Job) -> Job:
    """A job that sends for more than a minute at its limit of 5 full requests a second."""
    job.write_source(interactions(full_sessions(SESSIONS)))
    job.settings["delivery"] = {"max_requests_per_second": 5}
    return job


@contextmanager
def sending(job: Job) -> Iterator[subprocess.Popen[str]]:
    """The job in a process of its own that has begun to send; killed with the block if it still runs."""
    process = start_process(job, "run-1", environ={"SPARK_MASTER": "local[2]"})
    try:
        wait_until_it_sends(job, process)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.process
def test_a_second_run_is_refused_and_a_killed_holder_followed_at_once(
    spark: SparkSession,
    slow_job: Job,
    standin: StandinProcess,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A plan may run at the same time."""
    with sending(slow_job) as holder:
        assert run_here(slow_job, spark, "run-2").exit_code == 2
        assert f"process {holder.pid}, since 20" in caplog.text
        assert "run run-1 (on" in caplog.text
        assert "is sending to the same tracking ID from the same output" in caplog.text
        assert [path.name for path in (slow_job.output / "runs" / "run-2").iterdir()] == ["error.json"]

        assert run_here(slow_job, spark, "run-1", "--plan").exit_code == 2
        assert "is working in the same run's folder" in caplog.text
        assert (slow_job.output / "runs" / "run-1" / "stage").exists()

        assert run_here(slow_job, spark, "run-3", "--plan").exit_code == 0
        assert holder.poll() is None

    slow_job.settings["delivery"] = {"max_requests_per_second": 500}
    again = run_here(slow_job, spark, "run-1")

    assert again.exit_code == 0
    assert "waiting" not in caplog.text
    assert again.summary["already_delivered"] > 0
    standin.stop()
    accepted = {event["eventId"] for event in rows_in(tmp_path / "record")}
    assert len(accepted) == EVENTS
    assert set(ledger_ids(again.output)) == accepted
    assert {path.name for path in again.output.iterdir()} == {"runs", "ledger"}


def take_over(store: LeaseStore) -> bool:
    """Take a lease over as a run on another machine would, unless it was just being renewed."""
    stored = store.read()
    assert stored is not None
    mine = parse_record(stored.content)
    assert mine is not None
    other = replace(mine, run_id="night-2", execution="another", host="other-host", process=None)
    return store.replace(other.to_bytes(), stored.version) is not None


def test_a_run_whose_tracking_id_was_taken_over_stops_and_accounts_for_what_it_sent(
    spark: SparkSession, slow_job: Job, standin: StandinProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another_takes_over() -> None:
        wait_until_it_sends(slow_job)
        place = tracking_id_lease(str(slow_job.output), "tracker")
        wait_for(lambda: take_over(place), "the lease is taken over")

    monkeypatch.setattr(lease_keeper, "RENEW_SECONDS", 0.5)
    another = threading.Thread(target=another_takes_over)
    another.start()
    run = run_here(slow_job, spark)
    another.join()

    assert run.exit_code == 5
    assert run.summary["status"] == "stopped"
    assert run.summary["reason"].startswith("run night-2 (on other-host, since ")
    assert run.summary["events_not_attempted"] > 0
    assert run.summary["events_delivered"] == standin.stop()["events_accepted"] > 0
    (left,) = (run.output / "_leases").iterdir()
    assert b"night-2" in left.read_bytes()


def test_a_run_whose_folder_was_taken_over_touches_nothing_there(
    spark: SparkSession, job: Job, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job.write_source(interactions([{}]))
    theirs = job.output / "runs" / "run-1" / "stage" / "theirs"

    def taken_over(
        spark: SparkSession, work: Sending, signals: StopSignals, phases: PhaseListener, steering: Steering
    ) -> Sent:
        sent = send(spark, work, signals, phases, steering)
        assert take_over(run_folder_lease(str(job.output), "run-1"))
        theirs.write_text("staged")
        return sent

    monkeypatch.setattr(the_run, "send", taken_over)
    run = run_here(job, spark)

    assert run.exit_code == 5
    assert "another run with this run ID took over the output folder" in caplog.text
    assert theirs.read_text() == "staged"
    assert not (run.folder / "summary.json").exists()
    assert len(ledger_ids(run.output)) == 1
