"""Update the records of unfinished imports from the service's jobs."""

from __future__ import annotations

from collections.abc import Sequence

from bulk.import_jobs import ACTIVE, ImportJob, in_effect
from bulk.import_record import ImportRecord, State
from jobs.runs.import_folder import ImportFolder, records


def update_imports(output: str, tracking_id: str, jobs: Sequence[ImportJob]) -> None:
    """Record the end of each import into the dataset of `jobs`, if its job has ended.

    Without this an import that was stopped, and whose source has changed since, would never be known to
    have ended.

    Raises:
        UsageError, StorageError: a record is damaged, or can't be read or written.
    """
    for record in records(output):
        if record.tracking_id == tracking_id and record.state is State.UNDER_WAY:
            now = updated(record, jobs)
            if now is not record:
                ImportFolder(output, record.name).write(now)


def updated(record: ImportRecord, jobs: Sequence[ImportJob]) -> ImportRecord:
    """Return `record`, which is unfinished, updated from `jobs`; the same if its job has not ended."""
    job = next((job for job in reversed(jobs) if job.name == record.job_name), None)
    if job is None or in_effect(record.name, jobs) is None:
        return record.model_copy(update={"state": State.WRITTEN if job is None else State.FAILED})
    if job.status != ACTIVE:
        return record
    found = {"job_arn": job.arn, "job_created_at": job.created_at, "job_status": job.status}
    return record.model_copy(update={"state": State.IMPORTED, **found})
