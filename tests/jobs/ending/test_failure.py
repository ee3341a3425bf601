"""The sentence of a failed run is left where its output is, unless the place is another run's or out of reach."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.storage import Folder
from jobs.command_line.program_exit import Failure
from jobs.ending.failure import record_failure
from jobs.leases.lease_files import run_folder_lease
from jobs.leases.lease_record import LeaseRecord
from jobs.leases.process_identity import ProcessIdentity, this_process
from jobs.runs.execution import Execution
from jobs.runs.run_folder import RunFolder
from tests.jobs.account.summaries import OLDEST

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ENDED = BEGAN + timedelta(seconds=7)
FAILURE = Failure(2, logging.ERROR, "source.path: there is no Parquet file in it.")


def record(output: str) -> None:
    record_failure(FAILURE, Execution(RunFolder(output, "run"), "execution", BEGAN), lambda: ENDED)


def files(output: str) -> list[str]:
    return RunFolder(output, "run").folder().names()


def hold(output: str, process: ProcessIdentity, execution: str = "another") -> None:
    since = "2026-01-01T00:00:00+00:00"
    lease = LeaseRecord("run", execution, "host", process, since=since, renewed_at=since)
    run_folder_lease(output, "run").create(lease.to_bytes())


def leave(output: str, name: str, began: datetime) -> None:
    content = {**OLDEST, "error": "other", "started_at": began.isoformat()}
    RunFolder(output, "run").folder().write_bytes(
        name, json.dumps({**content, "finished_at": began.isoformat()}).encode()
    )


def test_the_sentence_is_written_and_the_log_says_where(
    output: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "put_events")
    record(output)
    assert json.loads(RunFolder(output, "run").folder().read_bytes("error.json")) == {
        "run_id": "run",
        "exit_code": 2,
        "error": FAILURE.text,
        "started_at": "2026-01-02T03:04:05+00:00",
        "finished_at": "2026-01-02T03:04:12+00:00",
    }
    assert caplog.messages == [f"the same is in {RunFolder(output, 'run').url}/error.json"]
    assert run_folder_lease(output, "run").read() is None


@pytest.mark.parametrize("process", [this_process(), ProcessIdentity("another machine", 77, 1)])
def test_nothing_is_written_into_the_folder_of_another_run(
    output: str, process: ProcessIdentity, caplog: pytest.LogCaptureFixture
) -> None:
    """A holder on another machine may be dead; an error waits for nothing, so that is not found out."""
    caplog.set_level(logging.INFO, "put_events")
    hold(output, process)
    record(output)
    assert (files(output), caplog.messages) == ([], [])
    assert run_folder_lease(output, "run").read() is not None


@pytest.mark.parametrize("execution", ["execution", "another"])
def test_an_error_is_written_despite_a_lease_of_a_dead_process_or_of_this_run(
    output: str, execution: str
) -> None:
    process = this_process()
    hold(output, ProcessIdentity(process.machine, process.pid, process.started + 1), execution)
    record(output)
    assert files(output) == ["error.json"]


@pytest.mark.parametrize("name", ["summary.json", "error.json"])
@pytest.mark.parametrize(("seconds", "written"), [(-1, True), (0, False), (1, False)])
def test_what_a_later_run_of_this_id_or_this_one_itself_has_left_stays(
    tmp_path: Path, name: str, seconds: int, *, written: bool
) -> None:
    leave(str(tmp_path), name, BEGAN + timedelta(seconds=seconds))
    record(str(tmp_path))
    assert ("error.json" in files(str(tmp_path)) and FAILURE.text in read(tmp_path)) == written


def read(output: Path) -> str:
    return Folder(f"{output}/runs/run").read_bytes("error.json").decode()


@pytest.mark.parametrize(
    "summary", [b"", b"{}", b"[]", b'{"started_at": 5}', b'{"started_at": "2027-01-01"}']
)
def test_a_damaged_summary_hinders_no_error(tmp_path: Path, summary: bytes) -> None:
    Folder(f"{tmp_path}/runs/run").write_bytes("summary.json", summary)
    record(str(tmp_path))
    assert FAILURE.text in read(tmp_path)


def test_an_output_that_takes_nothing_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "put_events")
    (tmp_path / "file").write_text("")
    record(str(tmp_path / "file" / "output"))
    record("gopher://host/output")
    assert caplog.messages == []
