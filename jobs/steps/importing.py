"""From the files of an import to its end: the job is found again or created, polled, and its end recorded.

Spark is not needed any more. At any end, the files and their record stay in the output.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Event

from bulk.errors import BulkError, BusyError
from bulk.import_job import MAX_BYTES
from bulk.import_jobs import ACTIVE, FAILED, ImportJob, ImportJobs, free_name, in_effect
from bulk.import_record import ImportRecord, State
from bulk.polling import Pause, StoppedWaitingError, poll_until_ended
from core.errors import StorageError
from jobs.errors import UnaccountedError
from jobs.prepare.control_plane import ControlPlane, ControlPlaneError
from jobs.prepare.import_target import ImportTarget
from jobs.prepare.preparation import PreparedLoad
from jobs.runs.import_folder import ImportFolder
from jobs.stop_signals import StopSignals

_LOG = logging.getLogger("put_events")
_NAMES_TRIED = 5


@dataclass(frozen=True, slots=True)
class Imported:
    """The end of an import. `failure`: Personalize did not take the data; `stop_reason`: run the same command again."""

    record: ImportRecord
    failure: str | None = None
    stop_reason: str | None = None


class Interruption:
    """A wait that a reason to stop cuts short; any thread, and a signal handler, may give one."""

    def __init__(self) -> None:
        self._asked = Event()
        self._reason: str | None = None

    def ask(self, reason: str) -> None:
        """Stop waiting, now and from now on."""
        self._reason = self._reason or reason
        self._asked.set()

    def pause(self, seconds: float) -> str | None:
        """Wait, and return the reason to stop, None where there is none."""
        self._asked.wait(seconds)
        return self._reason


class Importing:
    """An import's job in the dataset `dataset_arn`, created at most once for its files."""

    def __init__(
        self,
        folder: ImportFolder,
        dataset_arn: str,
        created_at: datetime | None,
        new_plane: Callable[[], ControlPlane],
        pause: Pause,
    ) -> None:
        self._folder = folder
        self._dataset_arn = dataset_arn
        self._created_at = created_at
        self._new_plane = new_plane
        self._pause = pause
        self._may_be_under_way = False

    def carry_out(self, record: ImportRecord, role_arn: str | None) -> Imported:
        """Have Personalize import the files of `record`, and wait for the end.

        Raises:
            StorageError: the record can't be written, and no job was made.
            UnaccountedError: the same, once there may be a job; the next run finds it.
        """
        try:
            return self._carried_out(record, role_arn)
        except StorageError as error:
            if not self._may_be_under_way:
                raise
            raise UnaccountedError(
                f"the import job went to Personalize, and then the output failed: {error} Run "
                "the same command again after that."
            ) from error

    def _carried_out(self, record: ImportRecord, role_arn: str | None) -> Imported:
        record = record.model_copy(update={"dataset_arn": self._dataset_arn, "role_arn": role_arn})
        try:
            record, job = self._job(record)
            ended = poll_until_ended(lambda: self._jobs().describe(job.arn), self._pause, _say)
        except StoppedWaitingError as stop:
            return Imported(record, stop_reason=f"{stop}; the import job goes on with Personalize")
        except ControlPlaneError as error:
            return Imported(
                record, stop_reason=f"{error}; the files are kept, and a job that was made goes on"
            )
        except BusyError as error:
            return Imported(self._record_end(record, State.WRITTEN), stop_reason=str(error).rstrip("."))
        except BulkError as error:
            return Imported(self._record_end(record, State.FAILED, str(error)), failure=str(error))
        return self._ended(record, ended)

    def _jobs(self) -> ImportJobs:
        return ImportJobs(self._new_plane())

    def _job(self, record: ImportRecord) -> tuple[ImportRecord, ImportJob]:
        """Find the job that imports these files, or create it."""
        jobs = self._jobs()
        known = jobs.of_dataset(self._dataset_arn, self._created_at)
        if job := in_effect(record.name, known):
            self._may_be_under_way = True
            _LOG.info("the import job %s was made before: it is found again, and not made twice", job.name)
            return self._under_way(record, job.name, job), job
        _warn_of_size(record)
        return self._made(record, jobs, free_name(record.name, known))

    def _made(self, record: ImportRecord, jobs: ImportJobs, name: str) -> tuple[ImportRecord, ImportJob]:
        for _ in range(_NAMES_TRIED):
            # Recorded first: should this process die now, a run that sends must not take these events for undelivered.
            record = self._under_way(record, name, None)
            self._may_be_under_way = True
            if arn := jobs.make(record.request()):
                job = jobs.describe(arn)
                return self._under_way(record, name, job), job
            # The name is taken: by a job whose answer was lost, or by one of a dataset that is gone.
            known = jobs.of_dataset(self._dataset_arn, self._created_at)
            if found := in_effect(record.name, known):
                return self._under_way(record, found.name, found), found
            name = free_name(record.name, known) if free_name(record.name, known) != name else _next(name)
        raise BusyError(
            "Personalize took no import job: it has one of each name that this could have. Run the same command again."
        )

    def _under_way(self, record: ImportRecord, name: str, job: ImportJob | None) -> ImportRecord:
        found = (
            {"job_arn": job.arn, "job_created_at": job.created_at, "job_status": job.status} if job else {}
        )
        return self._folder.write(
            record.model_copy(
                update={"state": State.UNDER_WAY, "job_name": name, "failure_reason": None, **found}
            )
        )

    def _record_end(self, record: ImportRecord, state: State, reason: str | None = None) -> ImportRecord:
        return self._folder.write(record.model_copy(update={"state": state, "failure_reason": reason}))

    def _ended(self, record: ImportRecord, job: ImportJob) -> Imported:
        state = State.IMPORTED if job.status == ACTIVE else State.FAILED
        record = self._record_end(
            record.model_copy(update={"job_status": job.status}), state, job.failure_reason
        )
        if job.status != FAILED:
            return Imported(record)
        return Imported(
            record,
            failure=f"The import job {job.name} failed: {_reason(job)}. Fix that "
            "and run the same command again; the files are kept.",
        )


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
    importing = Importing(folder, dataset.arn, dataset.created_at, target.new_plane, interruption.pause)
    with signals.routed_to(interruption.ask):
        return importing.carry_out(record, settings.role_arn)


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
    return (job.failure_reason or "Personalize gave no reason").rstrip(". ")
