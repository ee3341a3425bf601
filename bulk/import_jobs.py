"""The import jobs of a dataset: found by name, created once, polled until they end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from botocore.exceptions import ClientError

from bulk.arns import job_arn
from bulk.import_job import ImportRequest
from bulk.plane import Plane
from bulk.refusals import answers, shortened
from core.aws.refusals import code_of

ACTIVE = "ACTIVE"
FAILED = "CREATE FAILED"
_FULL = "FULL"
_PAGE = 100
_DESCRIBE = "describe the import job"
_GONE = "ResourceNotFoundException"
_TAKEN = "ResourceAlreadyExistsException"


@dataclass(frozen=True, slots=True)
class ImportJob:
    """A job as the service describes it."""

    name: str
    arn: str
    status: str
    mode: str
    created_at: datetime
    failure_reason: str | None = None

    @classmethod
    def of(cls, answer: Any) -> Self:  # noqa: ANN401 - a summary or a description, which share these members
        """Read `DatasetImportJob` or `DatasetImportJobSummary`."""
        return cls(
            name=answer["jobName"],
            arn=answer["datasetImportJobArn"],
            status=answer["status"],
            mode=answer.get("importMode", _FULL),
            created_at=answer["creationDateTime"],
            failure_reason=shortened(answer.get("failureReason", "")) or None,
        )

    @property
    def has_ended(self) -> bool:
        """Return whether its status is final."""
        return self.status in (ACTIVE, FAILED)


class ImportJobs:
    """Import jobs through `plane`, whose own errors are passed on."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    def of_dataset(self, dataset_arn: str, since: datetime | None = None) -> list[ImportJob]:
        """Return the dataset's jobs, the oldest first; if the dataset was recreated, those `since` then.

        Raises:
            BulkError: the service refused to list them.
        """
        with answers("list the import jobs"):
            found = [ImportJob.of(answer) for answer in self._listed(dataset_arn)]
        ours = [job for job in found if since is None or job.created_at >= since]
        return sorted(ours, key=lambda job: job.created_at)

    def _listed(self, dataset_arn: str) -> Iterator[Any]:
        client = self._plane.client
        token: dict[str, str] = {}
        while True:
            page = self._plane.call(
                client.list_dataset_import_jobs, datasetArn=dataset_arn, maxResults=_PAGE, **token
            )
            yield from page["datasetImportJobs"]
            if not page.get("nextToken"):
                return
            token = {"nextToken": page["nextToken"]}

    def describe(self, arn: str) -> ImportJob:
        """Return the job's description.

        Raises:
            BulkError: the service refused it.
        """
        with answers(_DESCRIBE):
            return self._described(arn)

    def find(self, name: str, dataset_arn: str) -> ImportJob | None:
        """Return the job called `name` in the account of the dataset; None if there is none.

        It is described by its ARN, as a list may have a job later than its name is taken.

        Raises:
            BulkError: the service refused it.
        """
        with answers(_DESCRIBE):
            try:
                return self._described(job_arn(dataset_arn, "dataset-import-job", name))
            except ClientError as error:
                if code_of(error) == _GONE:
                    return None
                raise

    def _described(self, arn: str) -> ImportJob:
        answer = self._plane.call(self._plane.client.describe_dataset_import_job, datasetImportJobArn=arn)
        return ImportJob.of(answer["datasetImportJob"])

    def make(self, request: ImportRequest) -> str | None:
        """Create the job and return its ARN; None if its name is taken, as after an answer that was lost.

        Raises:
            BulkError: the service refused it.
        """
        with answers("start the import job"):
            try:
                answer = self._plane.call(
                    self._plane.client.create_dataset_import_job, **request.parameters()
                )
            except ClientError as error:
                if code_of(error) == _TAKEN:
                    return None
                raise
            return answer["datasetImportJobArn"]


def found_again(name: str, jobs: Sequence[ImportJob]) -> ImportJob | None:
    """Return the newest of `jobs` (oldest first) for the files of `name`, if another one would change nothing.

    A job has to be created again, as `name-2`, after one that failed, or one that a later FULL import replaced; a FULL
    one also after any later import, whose rows it is to replace.
    """
    job = in_effect(name, jobs)
    if job is None or job.mode != _FULL:
        return job
    added_to = any(each.created_at > job.created_at and each.status != FAILED for each in jobs)
    return None if added_to else job


def in_effect(name: str, jobs: Sequence[ImportJob]) -> ImportJob | None:
    """Return the newest of `jobs` (oldest first) for the files of `name`, unless it failed or was replaced.

    If it is ACTIVE, the dataset holds their rows.
    """
    mine = [job for job in jobs if is_called(job.name, name) and job.status != FAILED]
    if not mine:
        return None
    return mine[-1] if full_import_after(mine[-1].created_at, jobs) is None else None


def full_import_after(moment: datetime, jobs: Sequence[ImportJob]) -> ImportJob | None:
    """Return the first of `jobs` that replaced what was imported before it; None if none was made after `moment`."""
    full = [job for job in jobs if job.mode == _FULL and job.status == ACTIVE]
    return next((job for job in full if job.created_at > moment), None)


def free_name(name: str, jobs: Sequence[ImportJob]) -> str:
    """Return a free name for the next job for the files of `name`."""
    taken = sum(is_called(job.name, name) for job in jobs)
    return f"{name}-{taken + 1}" if taken else name


def is_called(job_name: str, name: str) -> bool:
    """Return whether a job is for the files of `name`: it has that name, or that name and a number, such as `-2`."""
    return job_name == name or (job_name.startswith(f"{name}-") and job_name[len(name) + 1 :].isdigit())
