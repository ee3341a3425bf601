"""The whole job with everything on S3: configuration, schema, suite, source, ledger and output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
import yaml

from standin.process import StandinProcess
from tests.aws.moto_server import MotoServer
from tests.jobs.spark.quick_jvm import QUICK_JVM
from tests.whole_job.harness import MAPPING, ROOT, SCHEMA, assert_closed, interactions_file

pytestmark = [pytest.mark.job, pytest.mark.s3, pytest.mark.slow]

NOT_BANNED = {"column": "itemId", "value_set": ["banned"], "mostly": 0.9}
SUITE = {
    "name": "mine",
    "expectations": [{"type": "expect_column_values_to_not_be_in_set", "kwargs": NOT_BANNED}],
}
ROWS = [{"TIMESTAMP": 1_760_000_000 + number, "SESSION_ID": f"s{number % 7}"} for number in range(70)]
SUMMARY = "backfill/runs/{}/summary.json"


def put(s3: MotoServer, key: str, content: str | bytes) -> None:
    body = content if isinstance(content, bytes) else content.encode()
    s3.client().put_object(Bucket="shop", Key=key, Body=body)


def run(s3: MotoServer, standin: StandinProcess, run_id: str) -> dict[str, Any]:
    """Run the job as a user does, from a configuration on S3, and give its summary."""
    environ = {**os.environ, **s3.environ, **standin.environment, "SPARK_MASTER": "local[1]"}
    environ["SPARK_SUBMIT_OPTS"] = QUICK_JVM
    environ.pop("AWS_SESSION_TOKEN")  # moto takes any credentials, the stand-in its own
    done = subprocess.run(
        [sys.executable, "-m", "jobs.put_events", "--config", "s3://shop/conf/job.yaml", "--run-id", run_id],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = s3.client().get_object(Bucket="shop", Key=SUMMARY.format(run_id))
    summary: dict[str, Any] = json.loads(answer["Body"].read())
    assert_closed(summary)
    return summary


def test_a_history_on_s3_is_delivered_once_by_two_runs(standin: StandinProcess) -> None:
    with MotoServer() as s3:
        s3.create_bucket("shop")
        put(s3, "logs/day=2026-01-01/a.parquet", interactions_file([*ROWS, {"ITEM_ID": "banned"}]))
        put(s3, "conf/interactions.avsc", json.dumps(SCHEMA))
        put(s3, "conf/suite.json", json.dumps(SUITE))
        settings = {
            "source": {"path": "s3a://shop/logs/", "filter": "day >= '2026-01-01'"},
            "schema": "s3://shop/conf/interactions.avsc",
            "mapping": MAPPING,
            "checks": {"suite": "s3://shop/conf/suite.json", "max_rejected_fraction": 0.5},
            "personalize": {"tracking_id": "tracker", "region": "eu-west-1", "endpoint_url": standin.url},
            "output": {"path": "s3://shop/backfill/"},
        }
        put(s3, "conf/job.yaml", yaml.safe_dump(settings))

        first, second = run(s3, standin, "first"), run(s3, standin, "second")
        keys = s3.keys("shop", "backfill/")

    assert (first["events_delivered"], first["rows_rejected"]) == (70, 1)
    assert (second["already_delivered"], second["request_attempts"]) == (70, 0)
    seen = standin.stop()
    assert (seen["events_accepted"], seen["requests_accepted"]) == (70, first["minimum_requests"])
    names = {key.removeprefix("backfill/") for key in keys}
    for run_id in ("first", "second"):
        assert {
            f"runs/{run_id}/{name}" for name in ("report.html", "validation.json", "data_docs/index.html")
        } <= names
        assert any(name.startswith(f"runs/{run_id}/rejected/part-") for name in names)
        assert any(name.startswith(f"runs/{run_id}/dead_letters/part-") for name in names)
    assert any(name.startswith("ledger/tracking-id-") for name in names)
    assert not [name for name in names if "/stage/" in name or "lease" in name]
