"""A shop on AWS whose buckets are in three regions, and the job that loads its history, for tests in an `AwsWorld`."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq
import yaml

from tests.aws.world import AwsWorld
from tests.jobs.spark.quick_jvm import QUICK_JVM
from tests.whole_job.harness import MAPPING, ROOT, SCHEMA, assert_closed, interactions

CONF, LOGS, OUT = "shop-conf", "shop-logs", "shop-out"
REGIONS = {CONF: "eu-central-1", LOGS: "us-west-2", OUT: "eu-west-1"}
SUITE = {
    "name": "mine",
    "expectations": [
        {
            "type": "expect_column_values_to_not_be_in_set",
            "kwargs": {"column": "itemId", "value_set": ["banned"], "mostly": 0.9},
        }
    ],
}
ROWS = [{"TIMESTAMP": 1_760_000_000 + number, "SESSION_ID": f"s{number % 7}"} for number in range(70)]
"""Seven requests."""


@dataclass(frozen=True)
class Shop:
    """Buckets, configuration, schema, suite and source in `aws`; each run's output is its own."""

    aws: AwsWorld

    @classmethod
    def open(cls, aws: AwsWorld, regions: Mapping[str, str] = REGIONS) -> Shop:
        for bucket, region in regions.items():
            aws.bucket(bucket, region)
        file = io.BytesIO()
        pq.write_table(interactions([*ROWS, {"ITEM_ID": "banned"}]), file)
        aws.put(LOGS, "logs/day=2026-01-01/a.parquet", file.getvalue())
        aws.put(CONF, "conf/interactions.avsc", json.dumps(SCHEMA))
        aws.put(CONF, "conf/suite.json", json.dumps(SUITE))
        return cls(aws)

    def configure(self, name: str, **changes: Any) -> None:  # noqa: ANN401 - any block of the configuration
        """Write the configuration of the run `name`; `changes` are laid over the usual blocks."""
        settings: dict[str, Any] = {
            "source": {"path": f"s3://{LOGS}/logs/"},
            "schema": f"s3://{CONF}/conf/interactions.avsc",
            "mapping": MAPPING,
            "checks": {"suite": f"s3://{CONF}/conf/suite.json", "max_rejected_fraction": 0.5},
            "personalize": {"tracking_id": "tracker"},
            "output": {"path": f"s3://{OUT}/{name}/"},
        }
        for block, content in changes.items():
            settings[block] = {**settings.get(block, {}), **content}
        self.aws.put(CONF, f"conf/{name}.yaml", yaml.safe_dump(settings))

    def run(
        self,
        name: str,
        environ: Mapping[str, str],
        *more: str,
        run_id: str = "first",
        timeout: float = 300.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run the job as a user does, in the world, with `environ` and nothing else that speaks of AWS."""
        command = [sys.executable, "-m", "jobs.put_events", "--config", self.config(name)]
        quick = {"SPARK_MASTER": "local[1]", "SPARK_SUBMIT_OPTS": QUICK_JVM}
        return self.aws.run(
            [*command, "--run-id", run_id, *more], {**quick, **environ}, cwd=ROOT, timeout=timeout
        )

    def config(self, name: str) -> str:
        return f"s3://{CONF}/conf/{name}.yaml"

    def summary(self, name: str) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads(self.aws.get(OUT, f"{name}/runs/first/summary.json"))
        assert_closed(summary)
        return summary

    def require_delivered(self, name: str, ended: subprocess.CompletedProcess[str]) -> None:
        """Fail unless the run delivered the whole history, and left nothing of its stage and leases."""
        assert ended.returncode == 0, ended.stdout + ended.stderr
        summary = self.summary(name)
        assert (summary["events_delivered"], summary["rows_rejected"]) == (len(ROWS), 1)
        left = {key.removeprefix(f"{name}/") for key in self.aws.keys(OUT, f"{name}/")}
        assert {"runs/first/report.html", "runs/first/validation.json"} <= left
        assert any(key.startswith("ledger/tracking-id-") for key in left)
        assert not [key for key in left if "/stage/" in key or "lease" in key]
