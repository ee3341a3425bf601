"""A new user's way through the README, on AWS's own host names: first run, both ways to load, proof of both."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from standin.control_plane.datasets import Dataset
from standin.control_plane.service import ControlPlane
from tests.aws.identity.policies import allows
from tests.aws.s3.role_objects import RoleObjects
from tests.aws.world import AwsWorld
from tests.conf.test_import_policies import ACCOUNT, template, without_principal
from tests.docs.blocks import ROOT
from tests.jobs.spark.quick_jvm import QUICK_JVM
from tests.standin.control_plane_client import ROLE
from tests.whole_job.harness import assert_closed, interactions_file, rows_in

pytestmark = [pytest.mark.job, pytest.mark.aws, pytest.mark.usefixtures("s3_jars")]

REGION = "eu-west-1"
OUTPUT = "personalize-backfill"
FIRST = 1_760_000_000
"""The second of the history's first event."""
PLACES = (ROOT / "docs" / "security.md").read_text().split("\n## ")[1]
HISTORY = [
    {
        "USER_ID": f"u{n}",
        "SESSION_ID": f"s{n}",
        "DISCOUNT": 'a "b", c\\d' if n % 2 else None,
        "TIMESTAMP": FIRST + n,
    }
    for n in range(1200)
]
DAY = [{"USER_ID": f"u{n}", "SESSION_ID": f"d{n}", "TIMESTAMP": FIRST + 86_400 + n} for n in range(40)]


def readme_commands() -> list[str]:
    """The commands of the README's first real run, in their order."""
    section = (ROOT / "README.md").read_text().split("\n## A first real run\n")[1].split("\n```")[0]
    return re.findall(r"`(personalize-backfill \S+ [^`]+)`", section)


def may(role: str, action: str, resource: str) -> bool:
    """Whether the templates' role and bucket policies, both of them, allow Personalize to do it."""
    assert role == ROLE
    policies = [template("role-policy.json"), without_principal(template("bucket-policy.json"))]
    text = json.dumps(policies).replace("my-bucket/personalize/backfill", f"bucket/{OUTPUT}")
    here = json.loads(text.replace("my-bucket", "bucket"))
    return all(allows([policy], action, resource, ACCOUNT) for policy in here)


@dataclass(frozen=True)
class User:
    """Someone with keys, a terminal in `folder` and the project's command."""

    aws: AwsWorld
    folder: Path
    environ: Mapping[str, str]

    def types(self, command: str) -> subprocess.CompletedProcess[str]:
        program, *arguments = shlex.split(command)
        quick = {"SPARK_MASTER": "local[1]", "SPARK_SUBMIT_OPTS": QUICK_JVM}
        path = Path(sys.executable).with_name(program)
        return self.aws.run([path, *arguments], {**quick, **self.environ}, cwd=self.folder)

    def gets(self, command: str, exit_code: int = 0) -> str:
        """What the command prints; fails with another exit code."""
        ended = self.types(command)
        assert ended.returncode == exit_code, ended.stdout + ended.stderr
        return ended.stdout

    def summary(self, status: str) -> dict[str, Any]:
        """The summary of the only run that ended so."""
        keys = [key for key in self.aws.keys("bucket", f"{OUTPUT}/runs/") if key.endswith("/summary.json")]
        read = [json.loads(self.aws.get("bucket", key)) for key in keys]
        (found,) = [summary for summary in read if summary["status"] == status]
        assert_closed(found)
        return dict(found)


def fill_in(config: Path) -> None:
    """What the README's second step asks for, and docs/import.md."""
    text, todo = config.read_text(), 'tracking_id: ""'
    assert text.count(todo) == text.count("# TODO") == 1
    block = f"\nimport:\n  role_arn: {ROLE}\n  mode: full\n"
    config.write_text(text.replace(todo, "tracking_id: tracker") + block)


def arrived(record: Path, plane: ControlPlane, dataset: Dataset) -> None:
    """Let the control plane know what PutEvents took: the interactions, and how many requests in each second."""
    (tracker,) = plane.trackers
    events = rows_in(record)
    for event in events:
        dataset.take_event(event["userId"], json.loads(event["event"]))
    for at in {event["request"]: event["arrived_at"] for event in events}.values():
        plane.metrics.count("PutEventsRequests", tracker, at.timestamp())


def test_a_new_user_loads_a_history_both_ways_and_has_proof_of_it(aws: AwsWorld, tmp_path: Path) -> None:
    aws.bucket("bucket", REGION)
    aws.put("bucket", "logs/part-0.parquet", interactions_file(HISTORY))
    record, folder = tmp_path / "record", tmp_path / "home"
    folder.mkdir()
    service = aws.events(REGION, record=record)
    plane = ControlPlane(
        RoleObjects(aws.s3, may), time.time, rate=None, pending_seconds=0, running_seconds=0, roles={ROLE}
    )
    aws.personalize.answer = plane.answer
    user = User(aws, folder, {**aws.user(), "AWS_REGION": REGION})
    init, plan, trial, whole = readme_commands()

    user.gets(init)
    fill_in(folder / "job.yaml")
    dataset = plane.add_group("shop", "tracker", (folder / "interactions.avsc").read_text())
    assert "import" in user.gets(plan)
    user.gets(trial, exit_code=5)
    assert user.summary("stopped")["events_delivered"] == 100

    user.gets(whole.replace(" run ", " import "))
    imported = user.summary("imported")
    assert (imported["already_delivered"], imported["import"]["rows_written"]) == (100, 1100)
    assert len(set(dataset.bulk)) == 1100

    aws.put("bucket", "logs/part-1.parquet", interactions_file(DAY))
    user.gets(whole)
    delivered = user.summary("delivered")
    assert (delivered["already_delivered"], delivered["events_delivered"]) == (1200, 40)
    assert service.stop()["distinct_event_ids"] == 140

    arrived(record, plane, dataset)
    assert "found + 0 missing" in user.gets("personalize-backfill verify --config job.yaml")
    verify = "personalize-backfill verify --config job.yaml --export"
    dataset.bulk = [row for row in dataset.bulk if row[0] != "u700"]
    found = user.gets(verify, exit_code=4)
    assert "1,240 delivered = 1,239 found + 1 missing + 0 unknown (export)" in found

    listed = user.gets(f"personalize-backfill inspect s3://bucket/{OUTPUT}/")
    assert re.findall(r"planned|stopped|imported|delivered(?=  +\d{4}-)", listed)
    assert [place for place in left_in(aws) if f"`{place}`" not in PLACES] == []
    assert {entry.name for entry in folder.iterdir()} == {"job.yaml", "interactions.avsc"}


def left_in(aws: AwsWorld) -> set[str]:
    """The places that the runs left in the output, as docs/security.md writes them."""
    named = {"runs": "runs/<run_id>/", "imports": "imports/<name>/", "verifications": "verifications/<id>/"}
    places = set()
    for key in aws.keys("bucket", f"{OUTPUT}/"):
        first, *rest = key.removeprefix(f"{OUTPUT}/").split("/")
        below = rest[1:] if first in named else [first, *rest]
        places.add(named.get(first, "") + below[0] + ("/" if below[1:] else ""))
    return places
