"""An import that was stopped is known to have ended once the service is asked, even if it is never run again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bulk.import_jobs import ImportJob
from bulk.import_record import ImportRecord, State
from jobs.prepare.import_updates import update_imports
from jobs.runs.import_folder import ImportFolder
from tests.bulk.test_import_record import record

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def job(name: str, status: str, day: int = 0, mode: str = "INCREMENTAL") -> ImportJob:
    return ImportJob(name, f"arn:{name}", status, mode, BEGAN + timedelta(days=day))


@pytest.mark.parametrize(
    ("jobs", "state"),
    [
        ([job("a", "CREATE IN_PROGRESS")], State.UNDER_WAY),
        ([job("a", "CREATE FAILED")], State.FAILED),
        ([job("a", "ACTIVE")], State.IMPORTED),
        ([job("a", "ACTIVE"), job("b", "ACTIVE", 1, "FULL")], State.FAILED),
        ([job("other", "ACTIVE")], State.WRITTEN),
        ([], State.WRITTEN),
    ],
)
def test_a_record_under_way_gets_the_state_of_its_job(
    tmp_path: Path, jobs: list[ImportJob], state: State
) -> None:
    folder = ImportFolder(str(tmp_path), "a")
    under_way: ImportRecord = record("a", "incremental", State.UNDER_WAY)
    folder.write(under_way.model_copy(update={"job_name": "a"}))
    update_imports(str(tmp_path), "other tracker", jobs)
    before = folder.read()
    assert before is not None
    assert before.state is State.UNDER_WAY
    update_imports(str(tmp_path), "mine", jobs)
    after = folder.read()
    assert after is not None
    assert after.state is state
