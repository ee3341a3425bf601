"""Dataset import jobs: the request of CreateDatasetImportJob.

Shapes: botocore's model `personalize/2018-05-22`. States, modes and quotas: developer guide, "Importing
bulk data" and "Amazon Personalize endpoints and quotas".
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any, Literal

Mode = Literal["full", "incremental"]

MIN_ROWS = 1000
"""Interactions that a job needs, in either mode; in `incremental` 1,000 new ones."""

MAX_BYTES: dict[Mode, int] = {"full": 100 * 10**9, "incremental": 10**9}
"""Interactions in one job by default; both can be raised."""

MAX_LOCATION_CHARACTERS = 256
"""botocore's model, shape S3Location."""

_DATASET_PLACEHOLDER = "DATASET_ARN"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """A CreateDatasetImportJob. `dataset_arn` is None if the service was not asked for it."""

    name: str
    dataset_arn: str | None
    location: str
    role_arn: str | None
    mode: Mode

    def parameters(self) -> dict[str, Any]:
        """Return the call's parameters, as boto3 takes them."""
        return {
            "jobName": self.name,
            "datasetArn": self.dataset_arn or _DATASET_PLACEHOLDER,
            "dataSource": {"dataLocation": self.location},
            "roleArn": self.role_arn or "ROLE_ARN",
            "importMode": self.mode.upper(),
        }

    def command_line(self, region: str) -> str:
        """Return the same call as a command of the AWS CLI."""
        parts = ["aws", "personalize", "create-dataset-import-job", "--region", region]
        given = self.parameters()
        for option, value in (
            ("--job-name", given["jobName"]),
            ("--dataset-arn", given["datasetArn"]),
            ("--data-source", f"dataLocation={self.location}"),
            ("--role-arn", given["roleArn"]),
            ("--import-mode", given["importMode"]),
        ):
            parts += [option, value]
        return shlex.join(parts)


def replaces(mode: Mode) -> str:
    """Return a sentence on how an import in `mode` changes the dataset."""
    if mode == "full":
        return "import.mode full replaces all interactions that were imported in bulk; what PutEvents brought stays"
    return "import.mode incremental adds to what was imported in bulk before, and replaces nothing"
