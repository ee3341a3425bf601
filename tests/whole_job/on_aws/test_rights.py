"""The whole job as a role that has `conf/emr/iam-job.json` and nothing else, in a bucket with `iam-bucket.json`."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from tests.aws.identity.policies import Policy, allows, listed
from tests.aws.world import AwsWorld
from tests.docs.test_runbook import QUOTED, section
from tests.jobs.personalize_account import Account, Tracker
from tests.jobs.spark.quick_jvm import QUICK_JVM
from tests.whole_job.harness import MAPPING, ROOT, SCHEMA, assert_closed, interactions

pytestmark = [pytest.mark.job, pytest.mark.aws, pytest.mark.usefixtures("s3_jars")]

ROLE = "personalize-backfill"
ROWS = [{"TIMESTAMP": 1_760_000_000 + number, "SESSION_ID": f"s{number % 7}"} for number in range(70)]
# Regions whose PutEvents takes what it is sent, and whose denies it: the stand-in knows no policy.
ALLOWED, DENIED = "eu-west-1", "eu-central-1"


@dataclass(frozen=True)
class Asked:
    """One decision: what was asked, and whether it was allowed."""

    action: str
    resource: str
    context: Mapping[str, str]
    allowed: bool

    @property
    def may_be_denied(self) -> bool:
        """Whether the job goes on without it.

        HeadBucket tells the region even so; above the source, a table's mark is looked for where that is allowed.
        """
        above = ("_delta_log/", ".hoodie/", "metadata/")
        return self.action == "s3:ListBucket" and self.context.get("s3:prefix", above[0]).endswith(above)


@dataclass
class Rights:
    """The templates with this test's bucket, decided upon as IAM does; `asked` are the decisions, in order."""

    bucket: str
    without: frozenset[str]
    asked: list[Asked] = field(default_factory=list)

    @property
    def role_policy(self) -> Policy:
        policy = self._template("iam-job.json")
        kept = [each for each in policy["Statement"] if each["Sid"] not in self.without]
        assert len(policy["Statement"]) - len(kept) == len(self.without)
        return {**policy, "Statement": kept}

    def decide(self, action: str, resource: str, context: Mapping[str, str]) -> bool:
        allowed = allows([self.role_policy, self._template("iam-bucket.json")], action, resource, context)
        self.asked.append(Asked(action, resource, context, allowed))
        return allowed

    def _template(self, name: str) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(
            (ROOT / "conf" / "emr" / name).read_text().replace("my-bucket", self.bucket)
        )
        return read


@dataclass(frozen=True)
class Run:
    """A job that has ended, and what it was allowed."""

    ended: subprocess.CompletedProcess[str]
    rights: Rights
    region: str

    @property
    def log(self) -> str:
        return self.ended.stdout + self.ended.stderr


def fill(aws: AwsWorld, bucket: str) -> None:
    """What the templates' paths name: configuration, schema and source."""
    file = io.BytesIO()
    pq.write_table(interactions([*ROWS, {"EVENT_TYPE": None}]), file)
    settings = {
        "source": {"path": f"s3://{bucket}/logs/interactions/"},
        "schema": f"s3://{bucket}/personalize/conf/interactions.avsc",
        "preflight": "required",
        "mapping": MAPPING,
        "checks": {"max_rejected_fraction": 0.5},
        "personalize": {"tracking_id": "tracker"},
        "output": {"path": f"s3://{bucket}/personalize/backfill/"},
    }
    aws.put(bucket, "logs/interactions/day=2026-01-01/a.parquet", file.getvalue())
    aws.put(bucket, "personalize/conf/interactions.avsc", json.dumps(SCHEMA))
    aws.put(bucket, "personalize/conf/job.yaml", yaml.safe_dump(settings))


@pytest.fixture
def restored(aws: AwsWorld) -> Iterator[AwsWorld]:
    """The module's world, which allows everything again afterwards."""
    authorize, answer = aws.s3.authorize, aws.personalize.answer
    yield aws
    aws.s3.authorize, aws.personalize.answer = authorize, answer


def run(aws: AwsWorld, *without: str) -> Run:
    """Run the job as the role, without some of its policy's statements."""
    rights = Rights(f"shop-without-{'-'.join(without).lower() or 'nothing'}", frozenset(without))
    sends = rights.decide("personalize:PutEvents", "*", {})
    region = ALLOWED if sends else DENIED
    aws.bucket(rights.bucket, region)
    fill(aws, rights.bucket)
    aws.events(region, **({} if sends else {"faults": {"forbidden": 1.0}}))
    _enforce(aws, rights)
    config = f"s3://{rights.bucket}/personalize/conf/job.yaml"
    command = [sys.executable, "-m", "jobs.put_events", "--config", config, "--run-id", "first"]
    environ = {"SPARK_MASTER": "local[1]", "SPARK_SUBMIT_OPTS": QUICK_JVM, "AWS_REGION": region}
    return Run(aws.run(command, {**environ, **aws.session(ROLE).environ}, cwd=ROOT), rights, region)


def _enforce(aws: AwsWorld, rights: Rights) -> None:
    account = Account([Tracker("shop", "tracker")], schema=json.dumps(SCHEMA))

    def authorize(principal: str, action: str, resource: str, context: Mapping[str, str]) -> bool:
        assert f":assumed-role/{ROLE}/" in principal
        return rights.decide(action, resource, context)

    def answer(operation: str, asked: dict[str, object]) -> dict[str, object] | None:
        allowed = rights.decide(f"personalize:{operation}", "*", {})
        return account.answer(operation, asked) if allowed else None

    aws.s3.authorize, aws.personalize.answer = authorize, answer


def unused(rights: Rights) -> set[tuple[str, str]]:
    """The (action, resource or prefix) pairs of the role's policy that nothing was asked of."""
    return {
        (action, target)
        for statement in rights.role_policy["Statement"]
        for action in listed(statement["Action"])
        for target in _targets(statement)
        if not any(_covers(statement, action, target, asked) for asked in rights.asked)
    }


def _targets(statement: Mapping[str, Any]) -> list[str]:
    condition = statement.get("Condition")
    return listed(condition["StringLike"]["s3:prefix"] if condition else statement["Resource"])


def _covers(statement: Mapping[str, Any], action: str, target: str, asked: Asked) -> bool:
    narrowed = {**statement, "Action": action}
    if "Condition" in statement:
        narrowed["Condition"] = {"StringLike": {"s3:prefix": target}}
    else:
        narrowed["Resource"] = target
    return allows([{"Statement": narrowed}], asked.action, asked.resource, asked.context)


def test_the_role_of_the_template_can_do_all_that_a_run_needs(restored: AwsWorld) -> None:
    """Without `WriteSparkLogs`, which EMR needs and no part of the job: what it adds could only allow more."""
    ended = run(restored, "WriteSparkLogs")

    assert ended.ended.returncode == 0, ended.log
    summary = json.loads(restored.get(ended.rights.bucket, "personalize/backfill/runs/first/summary.json"))
    assert_closed(summary)
    assert (summary["events_delivered"], summary["rows_rejected"]) == (70, 1)
    denied = [asked for asked in ended.rights.asked if not asked.allowed]
    assert [asked for asked in denied if not asked.may_be_denied] == []
    assert unused(ended.rights) == {
        # What EMR fetches before the job starts.
        ("s3:GetObject", f"arn:aws:s3:::{ended.rights.bucket}/personalize/code/*"),
        # A write that fails gives its parts back.
        ("s3:AbortMultipartUpload", f"arn:aws:s3:::{ended.rights.bucket}/personalize/backfill/*"),
        # The folder's own name: this Spark is given files, Amazon EMR's own connector may ask for their folder.
        ("s3:GetObject", f"arn:aws:s3:::{ended.rights.bucket}/logs/interactions"),
        ("s3:ListBucket", "logs/interactions"),
    }


@pytest.mark.parametrize(
    ("statement", "exit_code", "quotes"),
    [
        ("SendEvents", 5, ["check the AWS credentials and their permission personalize:PutEvents"]),
        ("AskBeforeSending", 2, ["preflight: required, but"]),
        ("ReadCodeConfigurationAndSource", 2, ["could not"]),
        ("WriteOutput", 2, ["could not", "_writable"]),
        ("List", 2, ["can't be listed"]),
    ],
)
def test_a_statement_that_is_missing_is_said_as_the_runbook_quotes(
    restored: AwsWorld, statement: str, exit_code: int, quotes: list[str]
) -> None:
    ended = run(restored, statement)

    assert ended.ended.returncode == exit_code, ended.log
    assert [quote for quote in quotes if quote not in ended.log] == []
    assert set(quotes) <= set(QUOTED.findall(section(f"{exit_code}: ")))
