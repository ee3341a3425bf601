"""From the files of an import to its end: the job is found again or created, polled, and its end recorded.

Spark is not needed any more. At any end, the files and their record stay in the output.
"""

from __future__ import annotations

import logging
from collections.abc import Set
from dataclasses import dataclass
from itertools import islice

from bulk.errors import BulkError, BusyError
from bulk.import_job import MAX_BYTES
from bulk.import_jobs import ACTIVE, FAILED, ImportJob, found_again, free_name, in_effect
from bulk.import_record import ImportRecord, State, jobs_in_effect
from bulk.polling import Pause, StoppedWaitingError, pauses, poll_until_ended
from core.errors import StorageError
from jobs.errors import UnaccountedError
from jobs.prepare.control_plane import ControlPlaneError
from jobs.prepare.import_target import ImportTarget
from jobs.prepare.preparation import PreparedLoad
from jobs.runs.import_folder import ImportFolder, records
from jobs.steps.import_calls import ImportCalls, NotMadeError
from jobs.steps.imported_before import left_out_of_import
from jobs.stop_signals import Interruption, StopSignals

_LOG = logging.getLogger("put_events")
_NAMES_TRIED = 5
_LOOKS = 4


@dataclass(frozen=True, slots=True)
class Imported:
    """The end of an import. `failure`: Personalize did not take the data; `stop_reason`: run the same command again."""

    record: ImportRecord
    failure: str | None = None
    stop_reason: str | None = None


class Importing:
    """An import's job, created at most once for its files."""

    def __init__(self, folder: ImportFolder, calls: ImportCalls, pause: Pause) -> None:
        self._folder = folder
        self._calls = calls
        self._pause = pause
        self._may_be_under_way = False
        self._known: list[ImportJob] = []

    def carry_out(
        self, record: ImportRecord, role_arn: str | None, staged_without: Set[str] | None = None
    ) -> Imported:
        """Have Personalize import the files of `record`, and wait for the end.

        `staged_without`: the imports of this output whose rows the files lack, None if that makes no difference.

        Raises:
            StorageError: the record can't be written, and no job was made.
            UnaccountedError: the same, once there may be a job; the next run finds it.
        """
        try:
            return self._carried_out(record, role_arn, staged_without)
        except StorageError as error:
            if not self._may_be_under_way:
                raise
            raise UnaccountedError(
                f"the import job went to Personalize, and then the output failed: {error} Run "
                "the same command again after that."
            ) from error

    def _carried_out(
        self, record: ImportRecord, role_arn: str | None, staged_without: Set[str] | None
    ) -> Imported:
        self._record = record.model_copy(
            update={"dataset_arn": self._calls.dataset_arn, "role_arn": role_arn}
        )
        try:
            job = self._job(staged_without)
            ended = poll_until_ended(lambda: self._calls.describe(job.arn), self._pause, _say)
        except NotMadeError as error:
            return self._not_made(error.refusal)
        except _DifferentRowsError as error:
            return Imported(self._record, stop_reason=str(error).rstrip("."))
        except StoppedWaitingError as stop:
            return Imported(self._record, stop_reason=f"{stop}; the import job goes on with Personalize")
        except (ControlPlaneError, BulkError) as error:
            # Nothing is known of the job's end, so its record stays: what it brings must not be sent as well.
            reason = f"{str(error).rstrip('.')}; the files are kept, and a job that was made goes on"
            return Imported(self._record, stop_reason=reason)
        return self._ended(ended)

    def _job(self, staged_without: Set[str] | None) -> ImportJob:
        """Find the job that imports these files, or create it."""
        self._known = self._calls.listed()
        if job := found_again(self._record.name, self._known):
            self._may_be_under_way = True
            _LOG.info("the import job %s was made before: it is found again, and not made twice", job.name)
            return self._found(job)
        if staged_without is not None:
            self._require_same_imports(staged_without)
        _warn_of_size(self._record)
        return self._made()

    def _require_same_imports(self, staged_without: Set[str]) -> None:
        """Refuse to import files that hold rows of another import, or lack those of one that was replaced since.

        A record that is under way counts whether or not its job is listed: the next run begins with asking for it.
        """
        own, tracking_id = self._record.name, self._record.tracking_id
        others = [
            each
            for each in records(self._folder.output)
            if each.name != own and each.tracking_id == tracking_id
        ]
        now = jobs_in_effect(others, tracking_id, self._known).keys()
        if now != staged_without - {own} or any(each.state is State.UNDER_WAY for each in others):
            raise _DifferentRowsError(
                "the import job was not made: another import began, ended or was replaced after the source was read, "
                "and these files may hold its rows or lack them. Run the same command again when none is under way."
            )

    def _made(self) -> ImportJob:
        name = free_name(self._record.name, self._known)
        for _ in range(_NAMES_TRIED):
            tried_before = self._record.job_name == name
            # Recorded first: should this process die now, a run that sends must not take these events for undelivered.
            self._write(state=State.UNDER_WAY, job_name=name, failure_reason=None)
            self._may_be_under_way = True
            if arn := self._calls.make(self._record.request()):
                return self._found(self._calls.describe(arn))
            # The name is taken: by a job whose answer was lost, or by one of a dataset that is gone.
            if job := self._with_name(name, tried_before=tried_before):
                return self._found(job)
            name = free if (free := free_name(self._record.name, self._known)) != name else _next(name)
        raise BusyError(
            "Personalize took no import job: it has one of each name that this could have. Run the same command again."
        )

    def _with_name(self, name: str, *, tried_before: bool) -> ImportJob | None:
        """Return the job that has taken `name`, None if it does not import these files into this dataset.

        Personalize may show a job later than it takes its name. `tried_before`: it had a run's time to do so.
        """
        for seconds in islice(pauses(), _LOOKS):
            job = self._calls.find(name)
            self._known = self._calls.listed()
            if (
                job is not None
                and self._calls.is_since(job)
                and job.arn not in {each.arn for each in self._known}
            ):
                self._known.append(job)
            if (found := found_again(self._record.name, self._known)) is not None or job is not None:
                return found
            if reason := self._pause(seconds):
                raise StoppedWaitingError(reason)
        if tried_before:
            return None
        raise BusyError(
            f"the import job was not found: Personalize has a job {name}, and does not show it yet. Run the same "
            "command again."
        )

    def _found(self, job: ImportJob) -> ImportJob:
        self._write(job, state=State.UNDER_WAY, failure_reason=None)
        return job

    def _write(self, job: ImportJob | None = None, **changes: object) -> None:
        record = self._record if job is None else self._record.with_job(job)
        self._record = self._folder.write(record.model_copy(update=changes))

    def _not_made(self, refusal: BulkError) -> Imported:
        self._may_be_under_way = False
        if isinstance(refusal, BusyError):
            self._without_job(State.WRITTEN, None)
            return Imported(self._record, stop_reason=str(refusal).rstrip("."))
        self._without_job(State.FAILED, str(refusal))
        return Imported(self._record, failure=str(refusal))

    def _ended(self, job: ImportJob) -> Imported:
        if job.status != FAILED:
            self._write(job, state=State.IMPORTED, failure_reason=None)
            return Imported(self._record)
        self._write(job)
        self._without_job(State.FAILED, job.failure_reason)
        return Imported(
            self._record,
            failure=f"The import job {job.name} failed: {_reason(job)}. Fix that "
            "and run the same command again; the files are kept.",
        )

    def _without_job(self, state: State, reason: str | None) -> None:
        """Record `state`, unless the dataset still has the rows of an earlier job for these files."""
        held = in_effect(self._record.name, self._known)
        if held is not None and held.status == ACTIVE:
            self._write(held, state=State.IMPORTED, failure_reason=reason)
        else:
            self._write(state=state, failure_reason=reason)


class _DifferentRowsError(BulkError):
    """Another import of this output began, ended or was replaced since the source was read."""


def import_written(
    prepared: PreparedLoad, target: ImportTarget, record: ImportRecord, signals: StopSignals
) -> Imported:
    """Have the written files imported, unless only files are wanted.

    Raises:
        StorageError, UnaccountedError: the import's record can't be written, as `Importing.carry_out` has it.
    """
    settings = prepared.settings.bulk_import
    if settings.write_only or target.dataset is None:
        return Imported(record)
    if signals.reason is not None:
        return Imported(record, stop_reason=signals.reason)
    interruption = Interruption()
    dataset, folder = target.dataset, ImportFolder(prepared.run.output, record.name)
    calls = ImportCalls(dataset.arn, dataset.created_at, target.new_plane)
    importing = Importing(folder, calls, interruption.pause)
    with signals.routed_to(interruption.ask):
        return importing.carry_out(record, settings.role_arn, _staged_without(prepared, target))


def _staged_without(prepared: PreparedLoad, target: ImportTarget) -> Set[str] | None:
    """Return the imports whose rows the stage left out; None for a full import, which leaves out none."""
    if prepared.settings.bulk_import.mode == "full" or target.jobs is None:
        return None
    ours, tracking_id = records(prepared.run.output), prepared.settings.personalize.tracking_id
    return {each.name for each in left_out_of_import(ours, tracking_id, target.jobs)}


def _next(name: str) -> str:
    """Return `backfill-…-2` after `backfill-…`."""
    base, dash, number = name.rpartition("-")
    return f"{base}-{int(number) + 1}" if dash and len(number) < 3 and number.isdigit() else f"{name}-2"  # noqa: PLR2004


def _warn_of_size(record: ImportRecord) -> None:
    max_bytes = MAX_BYTES[record.mode]
    if record.bytes > max_bytes:
        _LOG.warning(
            "the files hold %.1f GB, and a job in the mode %s takes %d GB unless the quota was raised",
            record.bytes / 10**9,
            record.mode,
            max_bytes // 10**9,
        )


def _say(job: ImportJob) -> None:
    _LOG.info("import job %s: %s", job.name, job.status)


def _reason(job: ImportJob) -> str:
    return job.failure_reason or "Personalize gave no reason"
