"""Which imports a dataset still holds: a full one replaces all that were imported before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bulk.import_job import ImportRequest
from bulk.import_record import ImportRecord, State, in_force

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def record(name: str, mode: str, state: State = State.IMPORTED, tracking_id: str = "mine") -> ImportRecord:
    """An import whose job was made the later, the later its name is in the alphabet."""
    return ImportRecord.model_validate(
        {
            "name": name,
            "tracking_id": tracking_id,
            "mode": mode,
            "location": "s3://b/c/",
            "rows": 1,
            "bytes": 1,
            "files": 1,
            "left_out": {},
            "written_by": "run",
            "written_at": BEGAN,
            "state": state,
            "job_created_at": BEGAN + timedelta(days=ord(name)),
        }
    )


def names(*records: ImportRecord) -> list[str]:
    return [each.name for each in in_force(list(records), "mine")]


def test_incremental_imports_add_up_from_the_last_full_one_on() -> None:
    a, b, c = record("a", "full"), record("b", "incremental"), record("c", "incremental")
    assert names(c, a, b) == ["a", "b", "c"]
    assert names(a, b, c, record("d", "full")) == ["d"]
    assert names(a, b, record("d", "full"), record("e", "incremental")) == ["d", "e"]
    assert names(b, c) == ["b", "c"]
    assert names() == []


def test_what_did_not_end_well_or_is_of_another_tracker_does_not_count() -> None:
    others = [
        record(name, "full", state) for name, state in zip("bcd", State, strict=False) if state != "imported"
    ]
    assert names(record("a", "full"), *others, record("z", "full", tracking_id="other")) == ["a"]


def test_the_printed_call_is_the_one_that_would_be_made() -> None:
    request = ImportRequest("backfill-1", "arn:d", "s3://b/a b/", "arn:r", "incremental")
    assert request.command_line("eu-west-1") == (
        "aws personalize create-dataset-import-job --region eu-west-1 --job-name backfill-1 --dataset-arn arn:d "
        "--data-source 'dataLocation=s3://b/a b/' --role-arn arn:r --import-mode INCREMENTAL"
    )
    assert request.parameters()["importMode"] == "INCREMENTAL"


@pytest.mark.parametrize("state", State)
def test_files_that_are_written_again_keep_the_state_of_their_import(state: State) -> None:
    """They may be deleted once they are imported, and a run must still not send their rows."""
    job = {"job_name": "a-2", "job_arn": "arn:a-2", "job_status": "ACTIVE", "failure_reason": "x"}
    earlier = record("a", "full", state).model_copy(update={**job, "dataset_arn": "arn:d", "files": 3})
    written = record("a", "full", State.WRITTEN).model_copy(
        update={"written_by": "later", "job_created_at": None}
    )
    assert written.after(None) == written
    assert written.after(earlier) == earlier.model_copy(
        update={"written_by": "later", "files": written.files}
    )
    elsewhere = written.model_copy(update={"dataset_arn": "arn:new"})
    assert elsewhere.after(earlier).dataset_arn == "arn:new"
