"""An output that breaks while the job runs ends in exit code 5, with an account that closes; the next run goes on."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from pyspark.sql import SparkSession

from core.aws.s3_errors import explain
from core.storage import explaining
from jobs import run as the_run
from jobs.account.closed_account import Sent
from jobs.control.steering import Steering
from jobs.progress.run_progress import PhaseListener
from jobs.steps import checking
from jobs.steps.sending import Sending, send
from jobs.steps.staged_files import StagedFile
from jobs.stop_signals import StopSignals
from tests.whole_job.harness import ledger_ids, run_here
from tests.whole_job.secret_history import a_job, accepted_ids, assert_nothing_leaked, service

pytestmark = [pytest.mark.spark, pytest.mark.job]


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
        runs = Path(sending.prepared.run.output) / "runs"
        shutil.rmtree(runs)
        runs.write_text("in the way")

    with service(tmp_path) as standin:
        job = a_job(tmp_path, standin, 20)
        with monkeypatch.context() as patch:
            meddling(patch, after=replace_runs)
            first = run_here(job, spark, "first")
        assert first.exit_code == 5
        assert "200 events delivered, and then the output failed" in caplog.text
        (job.output / "runs").unlink()
        second = run_here(job, spark, "second")
        requests = standin.stop()["requests"]
    assert (second.exit_code, second.summary["already_delivered"]) == (0, 200)
    assert requests == 20


def test_s3s_own_trouble_and_credentials_that_end_stop_the_run(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They had ended it with exit code 2, which no scheduler tries again, or with 1."""
    codes = {"SlowDown": "S3 asks for fewer requests", "ExpiredToken": "the AWS credentials have expired"}
    with service(tmp_path) as standin:
        job = a_job(tmp_path, standin, 10)
        for code, reason in codes.items():
            with monkeypatch.context() as patched:
                patched.setattr(checking, "staged_files", partial(fails, code))
                first = run_here(job, spark, "first")
            assert (first.exit_code, first.summary["status"]) == (5, "stopped")
            assert reason in first.summary["reason"]
            assert not list(job.output.glob("runs/first/stage*"))
        assert run_here(job, spark, "first").exit_code == 0


def fails(code: str, stage: str) -> tuple[StagedFile, ...]:
    """Fail as S3 does with this error code."""
    with explaining("read", stage):
        raise explain(ClientError({"Error": {"Code": code}}, "ListObjectsV2"))
