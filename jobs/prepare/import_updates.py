"""Update the records of imports from the service's jobs: some ended, or were begun by hand, since they were written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bulk.import_jobs import ACTIVE, ImportJob, ImportJobs, in_effect, is_called
from bulk.import_record import ImportRecord, State
from jobs.prepare.control_plane import ControlPlane
from jobs.prepare.event_tracker import InteractionsDataset, interactions_dataset_of
from jobs.runs.import_folder import ImportFolder, records


def ask_and_update(
    plane: ControlPlane, output: str, tracking_id: str, region: str
) -> tuple[InteractionsDataset, list[ImportJob]]:
    """Return the tracker's dataset and its import jobs, the oldest first, and record what they say of our imports.

    Raises:
        UsageError: a record is damaged, or see `interactions_dataset_of`.
        ControlPlaneError, BulkError: Personalize could not be asked, or refused to answer.
        StorageError: a record can't be read or written.
    """
    dataset = interactions_dataset_of(plane, tracking_id, region)
    ours = [each for each in records(output) if each.tracking_id == tracking_id]
    jobs = jobs_of(plane, dataset, ours)
    update_imports(output, ours, jobs)
    return dataset, jobs


def jobs_of(
    plane: ControlPlane, dataset: InteractionsDataset, ours: Sequence[ImportRecord]
) -> list[ImportJob]:
    """Return the import jobs of `dataset`, the oldest first: those listed, and those of `ours` that are not yet.

    Raises:
        ControlPlaneError, BulkError: Personalize could not be asked, or refused to answer.
    """
    asked = ImportJobs(plane)
    listed = asked.of_dataset(dataset.arn, since=dataset.created_at)
    unlisted = _unlisted(ours, listed, lambda name: asked.find(name, dataset.arn))
    since = [job for job in unlisted if dataset.created_at is None or job.created_at >= dataset.created_at]
    return sorted([*listed, *since], key=lambda job: job.created_at)


def update_imports(output: str, ours: Iterable[ImportRecord], jobs: Sequence[ImportJob]) -> None:
    """Record the state of each of `ours`, imports into the dataset of `jobs`, unless it is known to be imported.

    Without this, an import that was stopped, and whose source has changed since, would never be known to have
    ended, nor one whose printed call was made by hand to have begun.

    Raises:
        StorageError: a record can't be written.
    """
    for record in ours:
        if record.state is not State.IMPORTED and (now := updated(record, jobs)) != record:
            ImportFolder(output, record.name).write(now)


def updated(record: ImportRecord, jobs: Sequence[ImportJob]) -> ImportRecord:
    """Return `record` as `jobs` have it."""
    job = in_effect(record.name, jobs)
    if job is not None:
        state = State.IMPORTED if job.status == ACTIVE else State.UNDER_WAY
        return record.with_job(job).model_copy(update={"state": state, "failure_reason": None})
    if record.state is not State.UNDER_WAY:
        return record
    was_made = any(is_called(job.name, record.name) for job in jobs)
    return record.model_copy(update={"state": State.FAILED if was_made else State.WRITTEN})


def _unlisted(
    ours: Iterable[ImportRecord], listed: Sequence[ImportJob], find: Callable[[str], ImportJob | None]
) -> list[ImportJob]:
    """Find jobs that our records have as begun, and which Personalize does not list yet."""
    names = {job.name for job in listed}
    begun = [each.job_name for each in ours if each.state is State.UNDER_WAY and each.job_name not in names]
    return [job for name in begun if name is not None and (job := find(name)) is not None]
