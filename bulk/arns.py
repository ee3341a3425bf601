"""The ARNs of a dataset's jobs, which follow from their names, without a request to the service."""

from __future__ import annotations


def job_arn(dataset_arn: str, kind: str, name: str) -> str:
    """Return the ARN of the job `name` in the dataset's partition, Region and account.

    `kind`: "dataset-import-job" or "dataset-export-job". Source: AWS's Service Authorization Reference, "Resource types
    defined by Amazon Personalize".
    """
    account = ":".join(dataset_arn.split(":")[:5])
    return f"{account}:{kind}/{name}"
