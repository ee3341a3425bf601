"""`import.json`: the content and state of one import, stored in the output next to its files.

It is for imports what the ledger is for PutEvents: it says which events the service has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from bulk.import_job import ImportRequest, Mode
from bulk.import_jobs import ImportJob, full_import_after, in_effect

NAME = "import.json"
FOLDER = "imports"


class State(StrEnum):
    """The progress of an import. The service's own status is in `job_status`."""

    WRITTEN = "written"
    UNDER_WAY = "under_way"
    IMPORTED = "imported"
    FAILED = "failed"


class ImportRecord(BaseModel):
    """An import. `rows`, `bytes` and `files` are of the CSV.

    `left_out` counts the events that bulk data can't hold, by reason. `written_by` is the run that wrote
    the files; times are UTC, None before the event.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    tracking_id: str
    mode: Mode
    location: str
    rows: int
    bytes: int
    files: int
    left_out: dict[str, int]
    written_by: str
    written_at: datetime
    state: State = State.WRITTEN
    dataset_arn: str | None = None
    role_arn: str | None = None
    job_name: str | None = None
    job_arn: str | None = None
    job_status: str | None = None
    job_created_at: datetime | None = None
    failure_reason: str | None = None

    def request(self) -> ImportRequest:
        """Return the call that imports these files."""
        return ImportRequest(
            self.job_name or self.name, self.dataset_arn, self.location, self.role_arn, self.mode
        )

    def with_job(self, job: ImportJob) -> ImportRecord:
        """Return this record with what is known of `job`, its state left as it is."""
        of_job = {
            "job_name": job.name,
            "job_arn": job.arn,
            "job_created_at": job.created_at,
            "job_status": job.status,
        }
        return self.model_copy(update=of_job)

    def after(self, earlier: ImportRecord | None) -> ImportRecord:
        """Return this record of files that were written again, with the state and the job of the `earlier` one.

        The files may be deleted once they are imported; their rows stay imported.
        """
        if earlier is None:
            return self
        of_job = earlier.model_dump(include=_OF_JOB)
        return self.model_copy(update={**of_job, "dataset_arn": self.dataset_arn or earlier.dataset_arn})


_OF_JOB = {"state", "job_name", "job_arn", "job_status", "job_created_at", "failure_reason"}


def in_force(records: list[ImportRecord], tracking_id: str) -> list[ImportRecord]:
    """Return the imports whose rows the dataset still holds: a FULL import replaces all that were imported before it.

    "FULL" overwrites all bulk data, never what was imported individually (developer guide, "Importing bulk
    data").
    """
    imported = [each for each in records if each.tracking_id == tracking_id and each.state is State.IMPORTED]
    in_order = sorted(imported, key=lambda each: each.job_created_at or each.written_at)
    last_full = max((index for index, each in enumerate(in_order) if each.mode == "full"), default=0)
    return in_order[last_full:]


def jobs_in_effect(
    records: Iterable[ImportRecord], tracking_id: str, jobs: Sequence[ImportJob]
) -> dict[str, ImportJob]:
    """Return, by the import's name, those of `jobs` (oldest first) whose rows the dataset holds, or will when they end.

    By the service's list, whereas `in_force` goes by the records: a job may have been created by another program.
    """
    ours = [each.name for each in records if each.tracking_id == tracking_id]
    return {name: job for name in ours if (job := in_effect(name, jobs)) is not None}


def replacement(record: ImportRecord, jobs: Sequence[ImportJob]) -> ImportJob | None:
    """Return the one of `jobs` (oldest first) that replaced what `record` imported; None if nothing did.

    The same files may have been imported once more since, by a call made by hand: then their rows are there.
    """
    if record.job_created_at is None or in_effect(record.name, jobs) is not None:
        return None
    return full_import_after(record.job_created_at, jobs)
