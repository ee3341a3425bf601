"""A whole job, two partitions and a process of its own, is paused, slowed, resumed and stopped by its output alone.

What the service recorded is held against when each request was asked for and heeded, all by this machine's clock.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from bulk.import_record import ImportRecord
from core.contested_file import control_file
from jobs.cli.control import main as control
from jobs.control.control_file import ControlFile
from jobs.control.record import Ask, ControlRecord, ControlRequest
from jobs.steps.importing import Imported
from jobs.stop_signals import StopSignals
from standin.process import StandinProcess
from tests.whole_job.harness import (
    Ended,
    Job,
    ended,
    full_sessions,
    interactions,
    ledger_ids,
    rows_in,
    run_here,
)
from tests.whole_job.processes.test_as_a_process import assert_stopped, staging, started
from tests.whole_job.processes.waiting import wait_for, wait_until_it_sends

pytestmark = pytest.mark.job

LIMIT, SLOW = 40, 10
HEEDED_SECONDS = 10.0


@pytest.fixture
def long_job(job: Job) -> Job:
    """A job that would send for more than a minute."""
    job.write_source(interactions(full_sessions(3000)))
    job.settings["delivery"] = {"max_requests_per_second": LIMIT}
    return job


def ask(job: Job, *what: str) -> None:
    assert control([str(job.output), *what]) == 0


def stop_request() -> ControlRequest:
    """A stop as `ask` writes it, for a test that can't wait until the run answers."""
    return ControlRequest(number=0, token="t", ask=Ask.STOP, by="x@y", asked_at=datetime.now(UTC).isoformat())


def lease_renewals(job: Job, run_id: str) -> int:
    renewals: int = json.loads((job.output / "_leases" / f"run-{run_id}.json").read_text())["renewals"]
    return renewals


def arrivals(folder: Path) -> list[float]:
    """When each request arrived that the service accepted, in seconds since 1970."""
    return sorted({row["request"]: row["arrived_at"].timestamp() for row in rows_in(folder)}.values())


def assert_asked(run: Ended, *asked: tuple[str, float | None]) -> list[dict[str, Any]]:
    """The summary says what was asked, by whom and when, and that it was heeded in time."""
    steering: list[dict[str, Any]] = run.summary["steering"]
    assert [(each["ask"], each["requests_per_second"]) for each in steering] == list(asked)
    for each in steering:
        heeded, began = (datetime.fromisoformat(each[key]) for key in ("heeded_at", "asked_at"))
        assert (heeded - began).total_seconds() <= HEEDED_SECONDS
        assert "@" in each["by"]
    return steering


@pytest.mark.process
def test_a_run_is_paused_slowed_resumed_and_stopped(
    long_job: Job, standin: StandinProcess, tmp_path: Path
) -> None:
    with started(long_job, "stopped") as process:
        wait_until_it_sends(long_job, process)
        ask(long_job, "--pause")
        paused = time.time()
        renewals = lease_renewals(long_job, "stopped")
        wait_for(lambda: lease_renewals(long_job, "stopped") >= renewals + 2, "it keeps its lease", process)
        ask(long_job, "--rate", str(SLOW))
        resumed = time.time()
        ask(long_job, "--resume", "--run-id", "stopped")
        in_ledger = len(ledger_ids(long_job.output))
        wait_for(lambda: len(ledger_ids(long_job.output)) >= in_ledger + 500, "it goes on", process)
        ask(long_job, "--stop")
        run = ended(process, long_job, "stopped")

    assert run.exit_code == 5, run.log
    summary = assert_stopped(run, "asked the run to stop")
    assert_asked(run, ("pause", None), ("rate", SLOW), ("resume", None), ("stop", None))
    assert not (long_job.output / "control").exists()
    lines = [json.loads(line) for line in run.log.splitlines() if line.startswith("{")]
    assert any(line.get("paused") for line in lines), "progress says that it is paused"
    assert "What was asked of the run" in (run.folder / "report.html").read_text()
    seen = standin.stop()
    assert seen["events_accepted"] == seen["distinct_event_ids"] == summary["events_delivered"]
    times = arrivals(tmp_path / "record")
    assert [at for at in times if paused < at < resumed] == []
    slow = [at for at in times if at >= resumed]
    assert len(slow) >= 50
    busiest = max(sum(1 for at in slow if begin <= at < begin + 1.0) for begin in slow)
    assert busiest <= SLOW + 1


@pytest.mark.process
def test_a_pause_and_a_stop_before_anything_is_sent_let_nothing_be_sent(
    long_job: Job, standin: StandinProcess
) -> None:
    with started(long_job, "stopped") as process:
        wait_for(lambda: staging(long_job), "the job stages", process)
        ask(long_job, "--pause")
        # The phase of the sending, with two partitions that have joined, and not one request.
        wait_for(lambda: "paused" in progress_of(long_job), "it is paused", process)
        ask(long_job, "--stop")
        run = ended(process, long_job, "stopped")

    assert run.exit_code == 5, run.log
    assert_stopped(run, "asked the run to stop")
    assert_asked(run, ("pause", None), ("stop", None))
    assert (run.summary["events_delivered"], run.summary["request_attempts"]) == (0, 0)
    assert standin.stop()["requests"] == 0


def progress_of(job: Job) -> str:
    """What the run says of itself in its control file."""
    file = job.output / "control" / "stopped.json"
    return "paused" if file.exists() and json.loads(file.read_text())["paused"] else ""


@pytest.fixture
def stopped_late(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run `stopped` is asked to stop once all is staged, and polls its control file once an hour."""
    monkeypatch.setattr("jobs.control.polling.POLL_SECONDS", 3600.0)
    file = ControlFile(control_file(str(job.output), "stopped"))
    monkeypatch.setattr(
        "jobs.run.load_templates",
        lambda: file.change(lambda record: record and record.asking(stop_request())),
    )


@pytest.mark.spark
@pytest.mark.usefixtures("stopped_late")
def test_a_stop_right_before_the_sending_lets_nothing_be_sent(
    spark: SparkSession, job: Job, standin: StandinProcess
) -> None:
    job.write_source(interactions(full_sessions(20)))
    run = run_here(job, spark, "stopped")
    assert (run.exit_code, run.summary["request_attempts"]) == (5, 0)
    assert_asked(run, ("stop", None))
    assert standin.stop()["requests"] == 0


@pytest.mark.spark
@pytest.mark.usefixtures("stopped_late")
def test_a_stop_right_before_an_import_lets_no_job_be_made(
    spark: SparkSession, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons: list[str | None] = []

    def imported(_prepared: object, _target: object, record: ImportRecord, signals: StopSignals) -> Imported:
        reasons.append(signals.reason)
        return Imported(record, stop_reason=signals.reason)

    monkeypatch.setattr("jobs.run.import_written", imported)
    job.settings["import"] = {"mode": "full", "write_only": True}
    job.write_source(interactions(full_sessions(100)))
    assert run_here(job, spark, "stopped", "--import").exit_code == 5
    assert reasons == ["x@y asked the run to stop"]


@pytest.mark.spark
def test_a_later_run_of_the_same_id_obeys_no_request_to_the_one_that_was_killed(
    spark: SparkSession, job: Job, standin: StandinProcess
) -> None:
    job.write_source(interactions(full_sessions(20)))
    left = ControlRecord(
        run_id="killed", execution="e0", max_requests_per_second=40, requests_per_second=1, paused=True
    ).asking(stop_request())
    file = job.output / "control" / "killed.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(left.to_bytes())
    run = run_here(job, spark, "killed")
    assert (run.exit_code, run.summary["steering"]) == (0, [])
    assert standin.stop()["distinct_event_ids"] == 200
    assert not file.parent.exists()
