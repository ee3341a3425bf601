"""The whole job as on AWS: nothing set but keys and a region, every file on S3, AWS's own host names."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from tests.aws.world import AwsWorld
from tests.quick_jvm import QUICK_JVM
from tests.whole_job.aws_shop import ROWS, SUITE
from tests.whole_job.harness import MAPPING, ROOT, SCHEMA, assert_closed, interactions

pytestmark = [pytest.mark.job, pytest.mark.aws, pytest.mark.usefixtures("s3_jars")]

REGION = "eu-west-1"


def fill(aws: AwsWorld, bucket: str) -> None:
    """Configuration, schema, suite and source in `bucket`, where the output goes as well."""
    file = io.BytesIO()
    pq.write_table(interactions([*ROWS, {"ITEM_ID": "banned"}]), file)
    settings = {
        "source": {"path": f"s3://{bucket}/logs/"},
        "schema": f"s3://{bucket}/conf/interactions.avsc",
        "mapping": MAPPING,
        "checks": {"suite": f"s3://{bucket}/conf/suite.json", "max_rejected_fraction": 0.5},
        "personalize": {"tracking_id": "tracker"},
        "output": {"path": f"s3://{bucket}/backfill/"},
    }
    aws.put(bucket, "logs/day=2026-01-01/a.parquet", file.getvalue())
    aws.put(bucket, "conf/interactions.avsc", json.dumps(SCHEMA))
    aws.put(bucket, "conf/suite.json", json.dumps(SUITE))
    aws.put(bucket, "conf/job.yaml", yaml.safe_dump(settings))


def run(aws: AwsWorld, bucket: str, environ: dict[str, str], *more: str) -> subprocess.CompletedProcess[str]:
    """Run the job from its configuration on S3, with keys and region alone."""
    command = [sys.executable, "-m", "jobs.put_events", "--config", f"s3://{bucket}/conf/job.yaml"]
    quick = {"SPARK_MASTER": "local[1]", "SPARK_SUBMIT_OPTS": QUICK_JVM}
    return aws.run([*command, "--run-id", "first", *more], {**quick, **environ}, cwd=ROOT)


def summary_of(aws: AwsWorld, bucket: str) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads(aws.get(bucket, "backfill/runs/first/summary.json"))
    assert_closed(summary)
    return summary


def test_keys_and_a_region_are_all_that_a_job_needs(aws: AwsWorld) -> None:
    aws.bucket("shop", REGION)
    fill(aws, "shop")
    service = aws.events(REGION)

    ended = run(aws, "shop", {**aws.user(), "AWS_REGION": REGION})

    assert ended.returncode == 0, ended.stdout + ended.stderr
    summary = summary_of(aws, "shop")
    assert (summary["events_delivered"], summary["rows_rejected"]) == (70, 1)
    seen = service.stop()
    assert (seen["events_accepted"], seen["requests_accepted"]) == (70, summary["minimum_requests"])
    names = {key.removeprefix("backfill/") for key in aws.keys("shop", "backfill/")}
    assert {"runs/first/report.html", "runs/first/validation.json"} <= names
    assert any(name.startswith("ledger/tracking-id-") for name in names)
    assert not [name for name in names if "/stage/" in name or "lease" in name]
    receipts = Counter(
        entry.operation for entry in aws.requests if "/part-" in entry.key and "/ledger/" in entry.key
    )
    # Each is written, read once to be sorted, and deleted with others.
    assert receipts == {"PutObject": 1, "GetObject": 1, "DeleteObjects": 1}
    refused = {entry.code for entry in aws.requests if entry.service == "s3" and entry.status >= 400}
    assert refused <= {"", "NoSuchKey", "NoSuchBucket"}, refused


def test_a_first_configuration_needs_nothing_but_keys(aws: AwsWorld, tmp_path: Path) -> None:
    """Not even a region: S3 tells where a bucket is."""
    aws.bucket("far", "us-west-2")
    fill(aws, "far")
    command = [sys.executable, "-m", "jobs.init", "s3://far/logs/", "--output", tmp_path / "job.yaml"]

    ended = aws.run(command, aws.user(), cwd=ROOT)

    assert ended.returncode == 0, ended.stderr
    made = yaml.safe_load((tmp_path / "job.yaml").read_text())
    assert (made["source"]["path"], made["output"]["path"]) == (
        "s3://far/logs/",
        "s3://far/personalize-backfill/",
    )
    assert made["mapping"]["userId"] == "USER_ID"
