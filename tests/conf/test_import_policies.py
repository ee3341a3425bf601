"""The templates of `conf/import` allow what an import and an export do with the bucket, each, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.aws.identity.policies import allows

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "conf" / "import"
SERVICE = {"Service": "personalize.amazonaws.com"}
BUCKET = "arn:aws:s3:::my-bucket"
OUTPUT = f"{BUCKET}/personalize/backfill"
ACCOUNT = {"aws:SourceAccount": "111122223333"}


def template(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / name).read_text())
    return read


def without_principal(policy: dict[str, Any]) -> dict[str, Any]:
    """A policy of a resource as one of an identity: the service is who it speaks of, and no other."""
    assert all(each["Principal"] == SERVICE for each in policy["Statement"])
    bare = [{key: each[key] for key in each if key != "Principal"} for each in policy["Statement"]]
    return {**policy, "Statement": bare}


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("s3:ListBucket", BUCKET, True),
        ("s3:GetObject", f"{OUTPUT}/imports/backfill-1/csv/part-0.csv", True),
        ("s3:PutObject", f"{OUTPUT}/verifications/1/export/part-0.csv", True),
        ("s3:GetObject", f"{OUTPUT}/ledger/part-0.parquet", False),
        ("s3:PutObject", f"{OUTPUT}/imports/backfill-1/csv/part-0.csv", False),
        ("s3:DeleteObject", f"{OUTPUT}/imports/backfill-1/csv/part-0.csv", False),
    ],
)
def test_role_and_bucket_allow_reading_imports_and_writing_exports(
    action: str, resource: str, *, allowed: bool
) -> None:
    assert allows([template("role-policy.json")], action, resource, {}) == allowed
    bucket = without_principal(template("bucket-policy.json"))
    assert allows([bucket], action, resource, ACCOUNT) == allowed
    assert not allows([bucket], action, resource, {"aws:SourceAccount": "999999999999"})


def test_personalize_alone_may_take_the_role_and_the_job_may_pass_it_to_no_other() -> None:
    trust = without_principal(template("role-trust.json"))
    source = {"aws:SourceArn": "arn:aws:personalize:eu-west-1:111122223333:dataset-import-job/a"}
    (statement,) = trust["Statement"]
    anywhere = {**trust, "Statement": [{**statement, "Resource": "*"}]}
    assert allows([anywhere], "sts:AssumeRole", "*", {**ACCOUNT, **source})
    assert not allows([anywhere], "sts:AssumeRole", "*", ACCOUNT)
    job = template("job-policy.json")
    role = "arn:aws:iam::111122223333:role/PersonalizeImport"
    assert allows([job], "iam:PassRole", role, {"iam:PassedToService": "personalize.amazonaws.com"})
    assert not allows([job], "iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"})
    assert not allows([job], "iam:PassRole", f"{role}2", {"iam:PassedToService": "personalize.amazonaws.com"})


PERSONALIZE = "arn:aws:personalize:eu-west-1:111122223333"
NAMED = {
    "ListEventTrackers": ["*"],
    "DescribeEventTracker": [f"{PERSONALIZE}:event-tracker/1"],
    "ListDatasets": ["*"],
    "DescribeDataset": [f"{PERSONALIZE}:dataset/shop/INTERACTIONS"],
    "DescribeSchema": [f"{PERSONALIZE}:schema/shop"],
    "CreateDatasetImportJob": [
        f"{PERSONALIZE}:dataset/shop/INTERACTIONS",
        f"{PERSONALIZE}:dataset-import-job/a",
    ],
    "DescribeDatasetImportJob": [f"{PERSONALIZE}:dataset-import-job/a"],
    "ListDatasetImportJobs": ["*"],
    "CreateDatasetExportJob": [
        f"{PERSONALIZE}:dataset/shop/INTERACTIONS",
        f"{PERSONALIZE}:dataset-export-job/a",
    ],
    "DescribeDatasetExportJob": [f"{PERSONALIZE}:dataset-export-job/a"],
    "GetMetricData": ["*"],
}
"""The resources that the Service Authorization Reference requires of each call; `*` for an action that takes none."""


def calls() -> set[str]:
    """The operations of Personalize's control plane and of CloudWatch that imports and exports call."""
    files = [*(ROOT / "bulk").glob("*.py"), ROOT / "jobs" / "prepare" / "event_tracker.py"]
    named = {name for file in files for name in re.findall(r"client\.(\w+_\w+)[,(]", file.read_text())}
    return {"".join(word.title() for word in name.split("_")) for name in named}


def test_the_job_may_call_what_it_calls_on_every_resource_that_the_call_names() -> None:
    job = template("job-policy.json")
    assert calls() == set(NAMED)
    for call, resources in NAMED.items():
        service = "cloudwatch" if call == "GetMetricData" else "personalize"
        denied = [each for each in resources if not allows([job], f"{service}:{call}", each, {})]
        assert not denied, call
    assert not allows([job], "personalize:DeleteDataset", f"{PERSONALIZE}:dataset/shop/INTERACTIONS", {})
