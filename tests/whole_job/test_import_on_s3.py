"""An import and its verification with everything on S3: the stand-in reads the files as strictly as documented."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest
import yaml

from standin.control_plane.objects import S3Objects
from standin.control_plane.server import ControlPlaneServer
from standin.control_plane.service import ControlPlane
from standin.settings import EXAMPLE_CREDENTIALS
from tests.aws.policies import allows
from tests.conf.test_import_policies import ACCOUNT, template, without_principal
from tests.moto_server import MotoServer
from tests.quick_jvm import QUICK_JVM
from tests.standin.control_plane_client import ROLE
from tests.whole_job.harness import MAPPING, ROOT, SCHEMA
from tests.whole_job.test_import_files import log
from tests.whole_job.test_on_s3 import parquet, put

pytestmark = [pytest.mark.job, pytest.mark.s3]

CONFIG = "s3://shop/conf/job.yaml"


class Shop:
    """A shop's log on S3 and Personalize's control plane, with no clock that anything has to wait for."""

    def __init__(self, s3: MotoServer) -> None:
        self.s3 = s3
        s3.create_bucket("shop")
        put(s3, "logs/a.parquet", parquet(log()))
        objects = S3Objects(s3.client(), "eu-west-1", _allowed)
        self.plane = ControlPlane(
            objects, time.time, rate=None, pending_seconds=0, running_seconds=0, roles={ROLE}
        )
        self.dataset = self.plane.add_group("shop", "tracker", json.dumps(SCHEMA))
        settings = {
            "source": {"path": "s3://shop/logs/"},
            "schema": "personalize",
            "mapping": MAPPING,
            "checks": {"max_rejected_fraction": 0.5},
            "personalize": {"tracking_id": "tracker", "region": "eu-west-1"},
            "import": {"role_arn": ROLE, "mode": "full"},
            "output": {"path": "s3://shop/backfill/"},
        }
        put(s3, "conf/job.yaml", yaml.safe_dump(settings))

    def run(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Start a program as a user does."""
        with ControlPlaneServer(self.plane) as server:
            environ = {**os.environ, **self.s3.environ, **server.environment, "SPARK_MASTER": "local[1]"}
            environ |= {
                "AWS_ACCESS_KEY_ID": EXAMPLE_CREDENTIALS.access_key,
                "AWS_SECRET_ACCESS_KEY": EXAMPLE_CREDENTIALS.secret_key,
                "SPARK_SUBMIT_OPTS": QUICK_JVM,
            }
            environ.pop("AWS_SESSION_TOKEN")
            return subprocess.run(
                [sys.executable, "-m", module, "--config", CONFIG, *arguments],
                cwd=ROOT,
                env=environ,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )

    def json(self, key: str) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.s3.client().get_object(Bucket="shop", Key=key)["Body"].read())
        return read


def _allowed(role: str, action: str, resource: str) -> bool:
    """Whether the templates' role and bucket policies, both of them, allow Personalize to do it."""
    assert role == ROLE
    policies = [template("role-policy.json"), without_principal(template("bucket-policy.json"))]
    here = [
        json.loads(
            json.dumps(policy)
            .replace("my-bucket/personalize/backfill", "shop/backfill")
            .replace("my-bucket", "shop")
        )
        for policy in policies
    ]
    return all(allows([policy], action, resource, ACCOUNT) for policy in here)


def test_a_history_is_imported_and_every_interaction_is_found_in_an_export() -> None:
    with MotoServer() as s3:
        shop = Shop(s3)
        imported = shop.run("jobs.put_events", "--import", "--run-id", "first")
        assert imported.returncode == 0, imported.stderr
        summary = shop.json("backfill/runs/first/summary.json")
        assert summary["status"] == "imported"
        assert summary["import"]["rows_written"] == summary["events_delivered"] == 1200
        assert summary["import"]["job_status"] == "ACTIVE"
        assert len(set(shop.dataset.bulk)) == 1200
        assert {row[-1] for row in shop.dataset.bulk} == {None, 'a "b", c\\d'}

        verified = shop.run("jobs.verify", "--export")
        assert verified.returncode == 0, verified.stderr
        line = "1,200 delivered = 1,200 found + 0 missing + 0 unknown (export)"
        assert line in verified.stdout

        shop.dataset.bulk = [row for row in shop.dataset.bulk if row[0] != "u7"]
        lost = shop.run("jobs.verify", "--export", "--run-id", "first")
        assert lost.returncode == 4, lost.stderr
        assert "of run first: 1,200 delivered = 1,199 found + 1 missing" in lost.stdout
