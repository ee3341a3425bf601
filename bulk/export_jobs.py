"""Dataset export jobs, created and described. Model: botocore's `personalize/2018-05-22`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import ClientError

from bulk.arns import job_arn
from bulk.import_jobs import ACTIVE, FAILED
from bulk.plane import Plane
from bulk.refusals import answers, shortened
from core.aws.refusals import code_of

Ingestion = Literal["BULK", "PUT", "ALL"]
_START, _DESCRIBE = "start the export job", "describe the export job"


@dataclass(frozen=True, slots=True)
class ExportJob:
    """A job as the service describes it, without a count of rows."""

    arn: str
    status: str
    failure_reason: str | None = None

    @property
    def has_ended(self) -> bool:
        """Return whether its status is final."""
        return self.status in (ACTIVE, FAILED)


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """A CreateDatasetExportJob for data of PutEvents, of imports or of both, to a folder on S3.

    `name` is of one request alone.
    """

    name: str
    dataset_arn: str
    location: str
    role_arn: str
    mode: Ingestion

    @property
    def job_arn(self) -> str:
        """Return the ARN that the job has in the dataset's Region and account."""
        return job_arn(self.dataset_arn, "dataset-export-job", self.name)


def make_export(plane: Plane, request: ExportRequest) -> str:
    """Create the job and return its ARN; if its name is taken, it was made by an attempt whose answer was lost.

    Raises:
        BulkError: the service refused it.
    """
    with answers(_START):
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
            if code_of(error) == "ResourceAlreadyExistsException":
                return request.job_arn
            raise
        return answer["datasetExportJobArn"]


def describe_export(plane: Plane, arn: str) -> ExportJob:
    """Return the job's description.

    Raises:
        BulkError: the service refused it.
    """
    with answers(_DESCRIBE):
        answer = plane.call(plane.client.describe_dataset_export_job, datasetExportJobArn=arn)
        job = answer["datasetExportJob"]
        reason = shortened(job.get("failureReason", "")) or None
        return ExportJob(job["datasetExportJobArn"], job["status"], reason)
