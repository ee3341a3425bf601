"""Calls about the import jobs of one dataset, each with a control plane whose patience is unused.

An import takes hours, and no patience is meant for all of its calls together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bulk.errors import BulkError, BusyError, UnreadableError
from bulk.import_job import ImportRequest
from bulk.import_jobs import ImportJob, ImportJobs
from jobs.prepare.control_plane import ControlPlane


class NotMadeError(BulkError):
    """Personalize refused to create a job, and there is none; `refusal` says why."""

    def __init__(self, refusal: BulkError) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class ImportCalls:
    """Calls about the dataset `dataset_arn`, which was created at `created_at`, None if that is unknown.

    Each raises `ControlPlaneError` if Personalize can't be asked, and `BulkError` if it refuses to answer.
    """

    dataset_arn: str
    created_at: datetime | None
    new_plane: Callable[[], ControlPlane]

    def listed(self) -> list[ImportJob]:
        """Return the dataset's jobs, the oldest first; if the dataset was recreated, those since then."""
        return self._jobs().of_dataset(self.dataset_arn, self.created_at)

    def describe(self, arn: str) -> ImportJob:
        """Return the job's description."""
        return self._jobs().describe(arn)

    def find(self, name: str) -> ImportJob | None:
        """Return the job called `name`, also if no list has it yet; None if there is none."""
        return self._jobs().find(name, self.dataset_arn)

    def is_since(self, job: ImportJob) -> bool:
        """Return whether `job` is of this dataset, and not of an earlier one of its name."""
        return self.created_at is None or job.created_at >= self.created_at

    def make(self, request: ImportRequest) -> str | None:
        """Create the job and return its ARN; None if there is one of its name, as after an answer that was lost.

        Raises:
            NotMadeError: Personalize refused it.
        """
        try:
            return self._jobs().make(request)
        except UnreadableError:
            raise
        except BulkError as refusal:
            if not self._is_there(request.name, refusal):
                raise NotMadeError(refusal) from None
            return None

    def _is_there(self, name: str, refusal: BulkError) -> bool:
        """Return whether the call that got `refusal` was a repeat, whose lost answer was that the job is made."""
        try:
            return self.find(name) is not None
        except BulkError:
            if isinstance(refusal, BusyError):  # which may be that job's own doing
                raise refusal from None
            return False

    def _jobs(self) -> ImportJobs:
        return ImportJobs(self.new_plane())
