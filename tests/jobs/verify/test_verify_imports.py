"""`verify` asks Personalize for the jobs of imports, and looks in an export for what they brought."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bulk.import_record import ImportRecord, State
from core.storage import Folder
from delivery.packing import StagedEvent
from delivery.receipts.ledger import LEDGER_SCHEMA, Ledger, ledger_folder
from delivery.receipts.sorted_ledger import write_sorted
from jobs.runs.import_folder import ImportFolder
from jobs.verify import verified_run
from jobs.verify.__main__ import main
from jobs.verify.verification import Interactions
from standin.refusal import Refusal
from tests.bulk.test_import_record import record
from tests.delivery.tasks import task_of
from tests.jobs.verify.test_verification import leave_summary
from tests.jobs.verify.test_verify import count, exported
from tests.standin.control_plane_client import ROLE, World


def leave_import(config: str) -> None:
    """An import that has written 1,000 rows, and whose call the user is to make."""
    folder = ImportFolder(str(Path(config).parent / "output"), "backfill-a")
    content = record("a", "full", State.WRITTEN, "tracker").model_dump() | {
        "name": "backfill-a",
        "rows": 1000,
    }
    folder.write(ImportRecord.model_validate({**content, "job_created_at": None, "role_arn": ROLE}))


def make_call(world: World) -> None:
    """Make the call that imports the files of `leave_import`, as a user does by hand; the job ends at once."""
    world.plane.pending_seconds = world.plane.running_seconds = 0
    world.put_csv()
    source = {"dataLocation": "s3://shop/imports/a/csv/"}
    request = {
        "jobName": "backfill-a",
        "datasetArn": world.dataset.arn,
        "roleArn": ROLE,
        "dataSource": source,
    }
    world.plane.answer("CreateDatasetImportJob", request)


def test_the_job_of_an_import_that_was_only_written_is_asked_for(
    world: World, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_import(config)
    (Path(config).parent / "output" / "runs" / "first" / "summary.json").unlink()
    assert main(["--config", config]) == 4
    out = capsys.readouterr().out
    assert "import jobs: 1 import = 0 found + 1 missing + 0 unknown (Personalize)" in out
    create = "aws personalize create-dataset-import-job --region eu-west-1"
    call = f"{create} --job-name backfill-a --dataset-arn {world.dataset.arn}"
    assert (
        f"import backfill-a, 1,000 rows: Personalize shows no job called backfill-a. The call that imports them: {call}"
        in out
    )
    make_call(world)
    assert main(["--config", config]) == 0
    assert "import backfill-a, 1,000 rows: the job backfill-a is ACTIVE" in capsys.readouterr().out


@pytest.mark.parametrize("run", [[], ["--run-id", "run"]], ids=["any run", "the run that wrote them"])
def test_no_call_is_printed_where_a_run_has_sent_since(
    world: World, config: str, capsys: pytest.CaptureFixture[str], run: list[str]
) -> None:
    leave_import(config)
    leave_summary(Path(config).parent / "output", "run", request_attempts=0)
    assert world.plane.trackers
    main(["--config", config, *run])
    out = capsys.readouterr().out
    assert "no job called backfill-a; a run may have sent its rows since" in out
    assert "create-dataset-import-job" not in out


def test_no_call_is_printed_where_a_run_goes_on_or_was_killed(
    world: World, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has no summary, and the ledger has what it sent, in files that a run sorts when it ends."""
    leave_import(config)
    output = Path(config).parent / "output"
    (output / "runs" / "first" / "summary.json").unlink()
    assert world.plane.trackers
    assert main(["--config", config]) == 4
    assert "create-dataset-import-job" in capsys.readouterr().out
    ledger = Ledger(task_of(str(output), execution="killed", run_id="killed"), "killed")
    ledger.accepted([StagedEvent("e", b"", b"", 1_760_000_000)], 1.0)
    ledger.close()
    assert main(["--config", config]) == 5
    out = capsys.readouterr().out
    assert "a run may have sent its rows since" in out
    assert "create-dataset-import-job" not in out


@pytest.mark.parametrize(("days", "code", "sent_since"), [(-1, 4, False), (1, 5, True)])
def test_no_call_is_printed_where_the_sorted_ledger_has_later_events(
    world: World, config: str, capsys: pytest.CaptureFixture[str], days: int, code: int, *, sent_since: bool
) -> None:
    """A run was killed and so has no summary; the next one sent nothing, and sorted what the first had sent."""
    leave_import(config)
    output = Path(config).parent / "output"
    (output / "runs" / "first" / "summary.json").unlink()
    written_at = record("a", "full", State.WRITTEN, "tracker").written_at
    leave_sorted_ledger(output, written_at + timedelta(days=days), written_at - timedelta(days=99))
    assert world.plane.trackers
    assert main(["--config", config]) == code
    out = capsys.readouterr().out
    assert ("a run may have sent its rows since" in out) is sent_since
    assert ("create-dataset-import-job" in out) is not sent_since


def test_a_ledger_that_can_not_be_read_matters_only_where_files_are_missing(
    world: World, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_import(config)
    output = Path(config).parent / "output"
    leave_sorted_ledger(output, datetime.now(UTC))
    [file] = Path(ledger_folder(str(output), "tracker").url).iterdir()
    file.write_bytes(b"PAR1 half")
    assert world.plane.trackers
    assert main(["--config", config]) == 2
    capsys.readouterr()
    make_call(world)
    main(["--config", config])
    assert "the job backfill-a is ACTIVE" in capsys.readouterr().out


def test_files_that_a_run_deletes_while_they_are_read_are_a_run_that_goes_on(
    output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that sorts the ledger writes new files first, and then deletes old ones."""
    Folder(output).write_bytes("runs/a/summary.json", b"{}")
    leave_sorted_ledger(output, datetime.now(UTC))
    folder, read = ledger_folder(output, "tracker"), verified_run.last_accepted

    def reads_too_late(place: Folder, names: Sequence[str]) -> datetime | None:
        folder.delete_files(list(names))
        return read(place, names)

    monkeypatch.setattr(verified_run, "last_accepted", reads_too_late)
    now = datetime.now(UTC)
    assert verified_run.last_sent(output, "tracker", None, now) == now


def test_what_a_version_without_sorted_files_recorded_counts_too(tmp_path: Path) -> None:
    output = str(tmp_path)
    Folder(output).write_bytes("runs/a/summary.json", b"{}")
    then, now = datetime(2025, 5, 5, tzinfo=UTC), datetime.now(UTC)
    assert verified_run.last_sent(output, "tracker", None, now) is None
    old = pa.table({name: ["x"] for name in ("event_id", "tracking_id", "run_id")} | {"accepted_at": [then]})
    path = tmp_path / "ledger" / "part-run.e.0.a.1.parquet"
    path.parent.mkdir()
    pq.write_table(old, path)
    assert verified_run.last_sent(output, "tracker", None, now) == then


def leave_sorted_ledger(output: Path | str, *accepted_at: datetime) -> None:
    """A file with one event for each time."""
    folder = ledger_folder(str(output), "tracker")
    for moment in accepted_at:
        row = {name: ["x"] for name in ("event_id", "tracking_id", "run_id")}
        rows = pa.Table.from_pydict({**row, "accepted_at": [moment], "sent_at": [moment]}, LEDGER_SCHEMA)
        write_sorted(iter(rows.to_batches()), folder.url, "ab")


def test_import_jobs_that_may_not_be_listed_are_said_to_be_unasked(
    world: World, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    count(world, 10)
    leave_import(config)
    denied = Refusal(400, "AccessDeniedException", "no")
    world.plane.refuse = lambda operation: denied if operation == "ListDatasetImportJobs" else None
    assert main(["--config", config]) == 5
    out = capsys.readouterr().out
    assert "10 accepted = 10 found" in out
    assert (
        "the import jobs were not asked for: Personalize did not list the import jobs: the permission" in out
    )
    assert main(["--config", config, "--run-id", "first"]) == 0, "that run made no import"


def test_an_export_looks_for_what_a_call_by_hand_imported(
    world: World, config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_import(config)
    expected: list[Any] = []
    monkeypatch.setattr(
        "jobs.verify.verifying._Verifying._compared",
        lambda _self, given, url: expected.append(given) or Interactions(export=url),
    )
    exported(world, config, monkeypatch)
    make_call(world)
    exported(world, config, monkeypatch)
    assert [[each.name for each in given.imports] for given in expected] == [[], ["backfill-a"]]
    assert [job.mode for job in world.plane.exports.values()] == ["PUT", "ALL"]
