"""An import that was stopped is known to have ended once the service is asked, even if it is never run again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bulk.import_jobs import ImportJob
from bulk.import_record import State
from jobs.prepare.import_updates import ask_and_update, update_imports
from jobs.runs.import_folder import ImportFolder
from tests.bulk.test_import_record import record
from tests.standin.control_plane_client import ROLE, World

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def job(name: str, status: str, day: int = 0, mode: str = "INCREMENTAL") -> ImportJob:
    return ImportJob(name, f"arn:{name}", status, mode, BEGAN + timedelta(days=day))


@pytest.mark.parametrize(
    ("before", "jobs", "after"),
    [
        ("under_way", [job("a", "CREATE IN_PROGRESS")], "under_way"),
        ("under_way", [job("a", "CREATE FAILED")], "failed"),
        ("under_way", [job("a", "ACTIVE")], "imported"),
        ("under_way", [job("a", "ACTIVE"), job("b", "ACTIVE", 1, "FULL")], "failed"),
        ("under_way", [job("other", "ACTIVE")], "written"),
        ("under_way", [], "written"),
        # The job that was to replace these rows by themselves failed, or was not made: they are still there.
        ("under_way", [job("a", "ACTIVE"), job("a-2", "CREATE FAILED", 1)], "imported"),
        # The printed call was made by hand.
        ("written", [job("a", "ACTIVE")], "imported"),
        ("written", [job("a", "CREATE PENDING")], "under_way"),
        ("written", [job("a", "CREATE FAILED")], "written"),
        ("written", [job("a", "ACTIVE"), job("b", "ACTIVE", 1, "FULL")], "written"),
        ("written", [], "written"),
        ("failed", [job("a", "CREATE FAILED"), job("a-2", "ACTIVE", 1)], "imported"),
        ("failed", [], "failed"),
        ("imported", [], "imported"),
    ],
)
def test_a_record_gets_the_state_of_its_job(
    tmp_path: Path, before: str, jobs: list[ImportJob], after: str
) -> None:
    folder = ImportFolder(str(tmp_path), "a")
    known = folder.write(record("a", "incremental", State(before)).model_copy(update={"job_name": "a"}))
    update_imports(str(tmp_path), [known], jobs)
    found = folder.read()
    assert found is not None
    assert found.state is State(after)
    if before != "imported" and after == "imported":
        assert (found.job_status, found.job_arn) == ("ACTIVE", f"arn:{found.job_name}")


def begin(world: World, name: str) -> None:
    """Make the call that imports `name`, as by hand."""
    source = {"dataLocation": "s3://shop/imports/a/csv/"}
    request = {"jobName": name, "datasetArn": world.dataset.arn, "roleArn": ROLE, "dataSource": source}
    world.plane.answer("CreateDatasetImportJob", request)


def ask(world: World, output: Path) -> State:
    ask_and_update(world.paced(), str(output), "tracker", "eu-west-1")
    found = ImportFolder(str(output), "a").read()
    assert found is not None
    return found.state


def test_a_job_that_is_not_listed_yet_is_known(tmp_path: Path) -> None:
    """Its events would be sent, although they are being imported."""
    world = World()
    world.put_csv()
    under_way = record("a", "full", State.UNDER_WAY, "tracker").model_copy(update={"job_name": "a"})
    ImportFolder(str(tmp_path), "a").write(under_way)
    world.plane.listed_after = 600.0
    begin(world, "a")
    assert ask(world, tmp_path) is State.UNDER_WAY
    world.clock.sleep(100)
    assert ask(world, tmp_path) is State.IMPORTED
    world.dataset.created = datetime.fromtimestamp(world.clock(), UTC)
    ImportFolder(str(tmp_path), "a").write(under_way)
    assert ask(world, tmp_path) is State.WRITTEN, "the job was of an earlier dataset"
