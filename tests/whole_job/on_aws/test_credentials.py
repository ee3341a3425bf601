"""The whole job as on AWS: nothing set but credentials and a region, every file on S3, AWS's own host names.

Every kind of credentials, every place of a region, each bucket in another region. Keys in the environment are used by
the other files here.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from tests.aws.identity.keys import ACCOUNT
from tests.aws.world import AwsWorld
from tests.whole_job.harness import ROOT
from tests.whole_job.on_aws.shop import LOGS, REGIONS, ROWS, Shop

pytestmark = [pytest.mark.job, pytest.mark.aws, pytest.mark.usefixtures("s3_jars")]

Environ = Callable[[AwsWorld], Mapping[str, str]]


@pytest.fixture(scope="module")
def shop(aws: AwsWorld) -> Shop:
    for region in ("us-east-1", "eu-west-1", "us-west-2"):
        aws.events(region)
    return Shop.open(aws)


@pytest.fixture(scope="module")
def sent() -> Counter[str]:
    """How many events went to each region so far."""
    return Counter()


def written(aws: AwsWorld, name: str, config: str, credentials: str = "") -> dict[str, str]:
    """The environment of a user with these AWS files."""
    folder = aws.folder / name
    folder.mkdir()
    (folder / "config").write_text(config)
    (folder / "credentials").write_text(credentials)
    return {
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
    }


def keys_file(aws: AwsWorld, profile: str) -> str:
    keys = aws.user()
    return "\n".join([f"[{profile}]", *(f"{name.lower()} = {value}" for name, value in keys.items()), ""])


def profile(aws: AwsWorld) -> Mapping[str, str]:
    files = written(aws, "profile", "[profile shop]\nregion = us-west-2\n", keys_file(aws, "shop"))
    return {**files, "AWS_PROFILE": "shop"}


def profile_that_assumes_a_role(aws: AwsWorld, name: str = "loader") -> Mapping[str, str]:
    role = aws.role(name, trusts=lambda principal: principal == f"arn:aws:iam::{ACCOUNT}:user/job")
    config = f"[profile {name}]\nrole_arn = {role}\nsource_profile = base\n"
    return {**written(aws, f"assumes-{name}", config, keys_file(aws, "base")), "AWS_PROFILE": name}


def web_identity(aws: AwsWorld) -> Mapping[str, str]:
    return {**aws.web_identity("pod"), "AWS_DEFAULT_REGION": "eu-west-1"}


def container(aws: AwsWorld) -> Mapping[str, str]:
    return {**aws.container_environ(aws.instance("task")), "AWS_REGION": "us-east-1"}


def instance(aws: AwsWorld) -> Mapping[str, str]:
    """The region is the instance's own, too."""
    return aws.instance_environ(aws.instance("machine", "us-west-2"))


@pytest.mark.parametrize(
    ("environ", "settings", "region"),
    [
        pytest.param(profile, {}, "us-west-2", id="profile, region in it"),
        pytest.param(
            profile_that_assumes_a_role,
            {"region": "eu-west-1"},
            "eu-west-1",
            id="assumed role, region in the configuration",
        ),
        pytest.param(web_identity, {}, "eu-west-1", id="web identity, AWS_DEFAULT_REGION"),
        pytest.param(container, {"region": "us-west-2"}, "us-west-2", id="container, region in both"),
        pytest.param(instance, {}, "us-west-2", id="instance, region its own"),
    ],
)
def test_a_history_is_delivered(
    shop: Shop, sent: Counter[str], environ: Environ, settings: dict[str, str], region: str
) -> None:
    name = environ.__name__.replace("_", "-")
    shop.configure(name, personalize={"tracking_id": "tracker", **settings})
    before = len(shop.aws.requests)

    ended = shop.run(name, environ(shop.aws))

    shop.require_delivered(name, ended)
    sent[region] += len(ROWS)
    answers = [entry for entry in shop.aws.requests[before:] if entry.service == "s3"]
    assert not [entry for entry in answers if entry.status == 400], "nothing is signed for a wrong region"
    objects = [each for each in answers if each.operation != "ListObjectsV2"]
    receipts = Counter(each.operation for each in objects if "/part-" in each.key and "/ledger/" in each.key)
    # Each is written, read once to be sorted, and deleted with others.
    assert receipts == {"PutObject": 1, "GetObject": 1, "DeleteObjects": 1}
    assert {entry.code for entry in answers if entry.status > 400} <= {"", "NoSuchKey", "NoSuchBucket"}


def test_credentials_are_renewed_while_the_job_stages_and_sends(
    aws: AwsWorld, shop: Shop, sent: Counter[str]
) -> None:
    """Keys last 6 seconds, staging and sending longer: every part must ask for new ones."""
    shop.configure("renewed", delivery={"max_requests_per_second": 1})
    task = aws.instance("short", seconds=6.0)

    ended = shop.run("renewed", {**aws.container_environ(task), "AWS_REGION": "us-east-1"})

    shop.require_delivered("renewed", ended)
    assert len(task.issued) > 3
    sent["us-east-1"] += len(ROWS)


def test_the_role_of_a_profile_comes_before_that_of_the_pod(
    aws: AwsWorld, shop: Shop, sent: Counter[str]
) -> None:
    """For every part, as for boto3, whose own variables name profile and region here."""
    of_profile = profile_that_assumes_a_role(aws, "cross")
    environ = {**of_profile, **aws.web_identity("pod-of-another"), "AWS_DEFAULT_REGION": "eu-west-1"}
    environ["AWS_DEFAULT_PROFILE"] = environ.pop("AWS_PROFILE")
    shop.configure("cross")
    before = len(aws.requests)

    ended = shop.run("cross", environ)

    shop.require_delivered("cross", ended)
    sent["eu-west-1"] += len(ROWS)
    asked = aws.requests[before:]
    signed = {entry.principal for entry in asked if entry.service == "s3" and entry.principal}
    assert {principal.split("/")[1] for principal in signed} == {"cross"}
    assert {entry.host for entry in asked if entry.service == "sts"} == {"sts.eu-west-1.amazonaws.com"}


def test_credentials_that_java_can_not_get_any_more_stop_the_run(aws: AwsWorld, shop: Shop) -> None:
    """As a sign-in that ends between the checks of the run's beginning and Spark's first look at S3."""
    program = aws.folder / "sign-in"
    keys = {f"{name.title().replace('_', '')[3:]}": value for name, value in aws.user().items()}
    program.write_text(
        "#!/bin/sh\ntr '\\0' ' ' < /proc/$PPID/cmdline | grep -q credential_process.py && exit 1\n"
        f"echo '{json.dumps({'Version': 1, **keys})}'\n"
    )
    program.chmod(0o700)
    files = written(aws, "ends", f"[default]\ncredential_process = {program}\nregion = eu-west-1\n")
    shop.configure("ends")

    ended = shop.run("ends", files)

    assert ended.returncode == 5, ended.stderr
    assert "Spark's AWS credentials could not be refreshed. Renew them" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert shop.summary("ends")["status"] == "stopped"


def test_each_region_got_what_was_meant_for_it(aws: AwsWorld, sent: Counter[str]) -> None:
    ends = {region: aws.events(region).stop() for region in sent}
    assert {region: end["events_accepted"] for region, end in ends.items()} == sent
    assert {region: 10 * end["requests_accepted"] for region, end in ends.items()} == sent


@pytest.mark.usefixtures("shop")
def test_a_first_configuration_needs_nothing_but_keys(aws: AwsWorld, tmp_path: Path) -> None:
    """Not even a region: S3 tells where a bucket is."""
    assert REGIONS[LOGS] == "us-west-2"
    command = [sys.executable, "-m", "jobs.init", f"s3://{LOGS}/logs/", "--output", tmp_path / "job.yaml"]

    ended = aws.run(command, aws.user(), cwd=ROOT)

    assert ended.returncode == 0, ended.stderr
    made = yaml.safe_load((tmp_path / "job.yaml").read_text())
    assert made["source"]["path"] == f"s3://{LOGS}/logs/"
    assert made["output"]["path"] == f"s3://{LOGS}/personalize-backfill/"
    assert made["mapping"]["userId"] == "USER_ID"
