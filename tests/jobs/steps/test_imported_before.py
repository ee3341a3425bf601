"""Which imports a run leaves out: those that the dataset holds, unless it replaces them or is to send them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bulk.import_jobs import ImportJob
from bulk.import_record import State
from jobs.config.configuration import parse_settings
from jobs.errors import UsageError
from jobs.prepare.import_target import ImportTarget
from jobs.prepare.preparation import PreparedLoad
from jobs.runs.import_folder import ImportFolder
from jobs.runs.run_folder import RunFolder
from jobs.steps.imported_before import _left_out
from tests.bulk.test_import_record import record
from tests.jobs.prepare.test_import_updates import job

MINIMAL = """
source: {path: logs}
schema: interactions.avsc
mapping: {userId: u, eventType: "'view'", itemId: i, sentAt: t}
personalize: {tracking_id: mine}
output: {path: out}
"""


def left_out(
    output: Path, *overrides: str, target: ImportTarget | None = None, plan: bool = False
) -> list[str]:
    rest: Any = None
    prepared = PreparedLoad(
        settings=parse_settings(MINIMAL, "job.yaml", overrides),
        service=rest,
        run=RunFolder(str(output), "run"),
        plan_only=plan,
        first=None,
        window=rest,
        properties=(),
        service_suite=rest,
        user_suite=None,
        source=None,
        schema=rest,
        target=target,
    )
    return [each.name for each in _left_out(prepared)]


def importing(*jobs: ImportJob) -> ImportTarget:
    rest: Any = None
    return ImportTarget(rest, rest, rest, jobs)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """An output with the imports `a`, full, and `b`, incremental; both ended well."""
    for each in (record("a", "full"), record("b", "incremental")):
        ImportFolder(str(tmp_path), each.name).write(each)
    return tmp_path


def test_a_run_leaves_out_what_the_dataset_holds_unless_it_is_to_send_it(output: Path) -> None:
    assert left_out(output) == ["a", "b"]
    assert left_out(output, "delivery.after_import=send") == []
    assert left_out(output, "personalize.tracking_id=other") == []


def test_an_import_under_way_stops_a_run_and_no_plan(output: Path) -> None:
    ImportFolder(str(output), "c").write(record("c", "incremental", State.UNDER_WAY))
    with pytest.raises(UsageError, match="the import c was begun, and its end is not recorded"):
        left_out(output)
    assert left_out(output, plan=True) == ["a", "b"]
    assert left_out(output, "personalize.tracking_id=other") == []


def test_a_full_import_leaves_nothing_out_as_it_replaces_all(output: Path) -> None:
    assert left_out(output, "import.mode=full", target=importing(job("a", "ACTIVE"))) == []


def test_an_incremental_import_goes_by_the_services_own_jobs(output: Path) -> None:
    """Rows that another program's full import replaced would be lost, if the records were believed."""
    ours = [job("a", "ACTIVE", 1, "FULL"), job("b", "ACTIVE", 2)]
    assert left_out(output, target=importing(*ours)) == ["a", "b"]
    assert left_out(output, target=importing(*ours, job("foreign", "ACTIVE", 3, "FULL"))) == []
    assert left_out(output, target=importing(ours[0], job("b", "CREATE IN_PROGRESS", 2))) == ["a"]
    assert left_out(output, target=importing()) == [], "the dataset was made again"
