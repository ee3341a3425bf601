"""Dataset export jobs: made, looked at, and what a failure means. Model: botocore's `personalize/2018-05-22`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import ClientError

from bulk.import_jobs import ACTIVE, FAILED
from bulk.plane import Plane
from bulk.refusals import explained

Ingestion = Literal["BULK", "PUT", "ALL"]
_WHAT = "the export job"


@dataclass(frozen=True, slots=True)
class ExportJob:
    """One job as the service describes it; no count of rows is part of that."""

    arn: str
    status: str
    failure_reason: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether its status will not change any more."""
        return self.status in (ACTIVE, FAILED)


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """One CreateDatasetExportJob of what came by PutEvents, by imports or by both, to a folder on S3."""

    name: str
    dataset_arn: str
    location: str
    role_arn: str
    mode: Ingestion


def make_export(plane: Plane, request: ExportRequest) -> str:
    """Make the job and return its ARN.

    Raises:
        BulkError: the service refused it.
    """
    try:
        answer = plane.call(
            plane.client.create_dataset_export_job,
            jobName=request.name,
            datasetArn=request.dataset_arn,
            ingestionMode=request.mode,
            roleArn=request.role_arn,
            jobOutput={"s3DataDestination": {"path": request.location}},
        )
    except ClientError as error:
        raise explained(error, _WHAT) from None
    return answer["datasetExportJobArn"]


def describe_export(plane: Plane, arn: str) -> ExportJob:
    """How the job is. Raises `BulkError`."""
    try:
        answer = plane.call(plane.client.describe_dataset_export_job, datasetExportJobArn=arn)
    except ClientError as error:
        raise explained(error, _WHAT) from None
    job = answer["datasetExportJob"]
    return ExportJob(job["datasetExportJobArn"], job["status"], job.get("failureReason"))
