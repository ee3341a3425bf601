"""One sending task in misfortune: what stops the job, what is worth another attempt, and what is still counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import StorageError
from core.storage import Folder
from delivery.errors import AnswerOverdueError
from delivery.sending import sender
from delivery.service.awscrt_client import AwsCrtClient
from standin.process import StandinProcess
from tests.delivery import aws_environment
from tests.delivery.sending_task import Unpaced, delivered, task


@pytest.mark.parametrize("standin", [{"faults": {"forbidden": 1.0}}], indirect=True)
def test_a_fatal_answer_is_a_report_with_its_reason(standin: StandinProcess, tmp_path: Path) -> None:
    pacer = Unpaced()
    report = delivered(task(tmp_path, standin.url), pacer)
    assert report.stop_reason == pacer.stop_reason
    assert "permission personalize:PutEvents" in str(report.stop_reason)
    assert (report.tally.events_delivered, report.tally.events_dead_lettered) == (0, 0)


def test_a_stage_that_is_gone_is_worth_another_attempt(standin: StandinProcess, tmp_path: Path) -> None:
    gone = replace(task(tmp_path, standin.url), stage_url=str(tmp_path / "gone.parquet"))
    with pytest.raises(FileNotFoundError):
        delivered(gone, Unpaced())


def test_an_output_that_can_not_be_read_is_a_reason_before_the_first_request(
    standin: StandinProcess, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "ledger").write_text("in the way")
    report = delivered(task(tmp_path, standin.url), Unpaced())
    assert "ledger" in str(report.stop_reason)
    assert standin.stop()["requests"] == 0


def test_a_ledger_that_can_not_be_written_stops_the_job_and_the_counts_stand(
    standin: StandinProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Folder, name: str, _: object) -> None:
        raise StorageError(f"could not write {folder.url}/{name}: no space left on device.")

    monkeypatch.setattr(Folder, "write_bytes", full)
    pacer = Unpaced()
    report = delivered(task(tmp_path, standin.url), pacer)
    assert "no space left" in str(report.stop_reason)
    assert pacer.stop_reason == report.stop_reason
    assert report.tally.events_delivered == 450


def test_a_client_that_gives_no_answers_is_worth_another_attempt_and_no_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws_environment.only(monkeypatch, **aws_environment.KEYS)
    monkeypatch.setattr(AwsCrtClient, "send", lambda *_: None)
    monkeypatch.setattr(sender, "ANSWER_SECONDS", 0.0)
    pacer = Unpaced()
    pacer.drain_seconds = 0.0
    with pytest.raises(AnswerOverdueError):
        delivered(task(tmp_path, "http://127.0.0.1:1"), pacer)
    assert pacer.stop_reason is None
