"""The import jobs that should have brought what imports of this output wrote, as Personalize describes them.

A job may have been created by hand, with the call that an import with `write_only` printed: it is found by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bulk.import_jobs import (
    ACTIVE,
    FAILED,
    ImportJob,
    ImportJobs,
    free_name,
    full_import_after,
    in_effect,
    is_called,
)
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

    def asked(
        self, plane: ControlPlane, dataset: InteractionsDataset, run: VerifiedRun | None
    ) -> KnownImports:
        """Return the imports as the dataset's jobs have them; the records in the output stay as they are.

        A job may be listed later than it is made: before one of any run, or of `run`, is missing, it is described by
        the name of its call, and so are those of all files that were only written, whose calls may have been made.

        Raises:
            ControlPlaneError, BulkError: Personalize could not be asked, or refused to answer.
        """
        listed = self._with(jobs_of(plane, dataset, self.records))
        names = listed.names_to_describe(run)
        described = [ImportJobs(plane).find(name, dataset.arn) for name in names]
        since = dataset.created_at
        more = [job for job in described if job is not None and (since is None or job.created_at >= since)]
        return self._with([*(listed.jobs or ()), *more]) if more else listed

    def _with(self, jobs: Sequence[ImportJob]) -> KnownImports:
        ordered = tuple(sorted(jobs, key=lambda job: job.created_at))
        return KnownImports(self.tracking_id, tuple(updated(each, ordered) for each in self.records), ordered)

    def names_to_describe(self, run: VerifiedRun | None) -> list[str]:
        """Return the names of jobs that no list has, and that may have been made all the same."""
        jobs = self.jobs or ()
        missing = [each for each in self.records if _without_call(each, jobs).outcome == "missing"]
        looked_at = {each.name for each in self._looked_at(run)}
        if not any(each.name in looked_at for each in missing):
            return []
        asked_for = [each for each in missing if each.name in looked_at or each.state is State.WRITTEN]
        return [free_name(each.name, jobs) for each in asked_for]

    def in_force(self, run: VerifiedRun | None) -> list[ImportRecord]:
        """Return the imports whose rows the dataset still holds, of any run or of `run`."""
        found = in_force(list(self.records), self.tracking_id)
        return found if run is None else [each for each in found if _is_of(each, run)]

    def are_of(self, run: VerifiedRun | None) -> bool:
        """Return whether there is an import, of any run or of `run`."""
        return any(run is None or _is_of(each, run) for each in self.records)

    def verified(
        self, dataset_arn: str, region: str, run: VerifiedRun | None, sent_at: Callable[[], datetime | None]
    ) -> Imports | None:
        """Return what became of the imports, of `run` or else of those in force and the newest; None where none are.

        `sent_at`: see `last_sent`; it is asked only where files are missing.
        A call is given unless a run that sent since or a later import may have brought the rows, or would be replaced.
        """
        looked_at = self._looked_at(run)
        files: list[ImportedFiles] = []
        for record in looked_at:
            found = _without_call(record, self.jobs or ())
            if found.outcome == "missing":
                sent = sent_at()
                if sent is not None and record.written_at < sent:
                    found = _perhaps_sent(found, "unknown" if run is None else "missing")
                elif later := self._later_than(record, looked_at):
                    found = found.model_copy(update={"why": f"{found.why}; {_no_call(record, later)}"})
                else:
                    found = found.model_copy(update={"call": self._call(record, dataset_arn, region)})
            files.append(found)
        return Imports.of(files) if files else None

    def _later_than(self, record: ImportRecord, looked_at: Sequence[ImportRecord]) -> str | None:
        """Return the name of an import since the files of `record` were written, None if there is none.

        By any program, unless it failed. One of `looked_at` need not have begun: of two calls one would be given.
        """
        moment = record.written_at
        jobs = [job.name for job in self.jobs or () if job.status != FAILED and job.created_at > moment]
        # Personalize may not show the job of an import any more that the output knows to have ended well.
        imported = [each for each in self.records if each.state is State.IMPORTED and _began(each) > moment]
        written = [each for each in looked_at if each.written_at > moment]
        return next(iter([*jobs, *(each.name for each in [*imported, *written])]), None)

    def _call(self, record: ImportRecord, dataset_arn: str, region: str) -> str:
        name = free_name(record.name, self.jobs or ())
        again = record.model_copy(update={"dataset_arn": dataset_arn, "job_name": name})
        return again.request().command_line(region)

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


def _without_call(record: ImportRecord, jobs: Sequence[ImportJob]) -> ImportedFiles:
    ours = [job for job in jobs if is_called(job.name, record.name)]
    job = in_effect(record.name, jobs) or (ours[-1] if ours else None)
    outcome, why = _outcome(record, job, jobs)
    files = ImportedFiles(import_name=record.name, rows=record.rows, outcome=outcome, why=why)
    if job is None:
        return files
    known = {"job_name": job.name, "job_status": job.status, "failure_reason": job.failure_reason}
    return files.model_copy(update=known)


def _outcome(record: ImportRecord, job: ImportJob | None, jobs: Sequence[ImportJob]) -> tuple[Outcome, str]:
    if job is None:
        if record.state is State.IMPORTED:
            return "unknown", "Personalize shows no job of it any more"
        return "missing", f"Personalize shows no job called {record.name}"
    if job.status == FAILED:
        return "missing", f"the job {job.name} failed: {job.failure_reason or 'Personalize gave no reason'}"
    if job.status != ACTIVE:
        return "unknown", f"the job {job.name} is {job.status}. Verify again when it has ended"
    if (later := full_import_after(job.created_at, jobs)) is not None:
        return "unknown", f"the later FULL import {later.name} replaced what {job.name} brought"
    return "found", f"the job {job.name} is {ACTIVE}"


def _perhaps_sent(files: ImportedFiles, outcome: Outcome) -> ImportedFiles:
    """Return `files` without a call: bulk rows have no event id, so an import of what was sent can't be undone."""
    why = f"{files.why}; a run may have sent its rows since"
    return files.model_copy(update={"outcome": outcome, "why": why})


def _no_call(record: ImportRecord, later: str) -> str:
    if record.mode == "full":
        return f"no call is given, as it could replace what the later import {later} brings"
    return f"no call is given, as the later import {later} may bring the same rows"
