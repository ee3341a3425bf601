"""The import jobs that should have brought what imports of this output wrote, as Personalize describes them.

A job may have been created by hand, with the call that an import with `write_only` printed: it is found by its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bulk.import_jobs import ACTIVE, FAILED, ImportJob, free_name, full_import_after, in_effect, is_called
from bulk.import_record import ImportRecord, State, in_force
from jobs.prepare.control_plane import ControlPlane
from jobs.prepare.event_tracker import InteractionsDataset
from jobs.prepare.import_updates import jobs_of, updated
from jobs.runs.import_folder import records
from jobs.verify.verification import ImportedFiles, Imports, Outcome
from jobs.verify.verified_run import VerifiedRun


@dataclass(frozen=True, slots=True)
class KnownImports:
    """The imports in an output for one tracking ID; `jobs` of the dataset, the oldest first, None if not asked for."""

    tracking_id: str
    records: tuple[ImportRecord, ...]
    jobs: tuple[ImportJob, ...] | None = None

    @classmethod
    def of(cls, output: str, tracking_id: str) -> KnownImports:
        """Return the imports as the output has them.

        Raises:
            UsageError, StorageError: a record is damaged or can't be read.
        """
        return cls(tracking_id, tuple(each for each in records(output) if each.tracking_id == tracking_id))

    def asked(self, plane: ControlPlane, dataset: InteractionsDataset) -> KnownImports:
        """Return the imports as the dataset's jobs have them; the records in the output stay as they are.

        Raises:
            ControlPlaneError, BulkError: Personalize could not be asked, or refused to answer.
        """
        jobs = tuple(jobs_of(plane, dataset, self.records))
        return KnownImports(self.tracking_id, tuple(updated(each, jobs) for each in self.records), jobs)

    def in_force(self, run: VerifiedRun | None) -> list[ImportRecord]:
        """Return the imports whose rows the dataset still holds, of any run or of `run`."""
        found = in_force(list(self.records), self.tracking_id)
        return found if run is None else [each for each in found if _is_of(each, run)]

    def are_of(self, run: VerifiedRun | None) -> bool:
        """Return whether there is an import, of any run or of `run`."""
        return any(run is None or _is_of(each, run) for each in self.records)

    def verified(
        self, dataset_arn: str, region: str, run: VerifiedRun | None, sent_at: datetime | None
    ) -> Imports | None:
        """Return what became of the imports, of `run` or else of those in force and the newest; None where none are.

        `sent_at`: the beginning of the newest run that sent, which may have brought what an earlier import has not.
        """
        jobs = self.jobs or ()
        files = [_verified(each, jobs, dataset_arn, region) for each in self._looked_at(run)]
        if run is None and sent_at is not None:
            before = {each.name for each in self.records if each.written_at < sent_at}
            files = [_perhaps_sent(each) if each.import_name in before else each for each in files]
        return Imports.of(files) if files else None

    def _looked_at(self, run: VerifiedRun | None) -> list[ImportRecord]:
        if run is not None:
            return [each for each in self.records if _is_of(each, run)]
        found = self.in_force(None)
        newest = max(self.records, key=_began, default=None)
        return found if newest is None or newest in found else [*found, newest]


def _is_of(record: ImportRecord, run: VerifiedRun) -> bool:
    """Return whether `run` wrote the files or waited for their import."""
    return run.run_id == record.written_by or run.import_location == record.location


def _began(record: ImportRecord) -> datetime:
    return record.job_created_at or record.written_at


def _verified(
    record: ImportRecord, jobs: Sequence[ImportJob], dataset_arn: str, region: str
) -> ImportedFiles:
    ours = [job for job in jobs if is_called(job.name, record.name)]
    job = in_effect(record.name, jobs) or (ours[-1] if ours else None)
    outcome, why = _outcome(record, job, jobs)
    files = ImportedFiles(import_name=record.name, rows=record.rows, outcome=outcome, why=why)
    if job is not None:
        known = {"job_name": job.name, "job_status": job.status, "failure_reason": job.failure_reason}
        files = files.model_copy(update=known)
    if outcome != "missing":
        return files
    again = record.model_copy(update={"dataset_arn": dataset_arn, "job_name": free_name(record.name, jobs)})
    return files.model_copy(update={"call": again.request().command_line(region)})


def _outcome(record: ImportRecord, job: ImportJob | None, jobs: Sequence[ImportJob]) -> tuple[Outcome, str]:
    if job is None:
        if record.state is State.IMPORTED:
            return "unknown", "Personalize shows no job of it any more"
        return "missing", "no job imports its files"
    if job.status == FAILED:
        return "missing", f"the job {job.name} failed: {job.failure_reason or 'Personalize gave no reason'}"
    if job.status != ACTIVE:
        return "unknown", f"the job {job.name} is {job.status}. Verify again when it has ended"
    if (later := full_import_after(job.created_at, jobs)) is not None:
        return "unknown", f"the later FULL import {later.name} replaced what {job.name} brought"
    return "found", f"the job {job.name} is {ACTIVE}"


def _perhaps_sent(files: ImportedFiles) -> ImportedFiles:
    if files.outcome != "missing":
        return files
    why = f"{files.why}; a run that sent since may have brought its rows"
    return files.model_copy(update={"outcome": "unknown", "why": why})
