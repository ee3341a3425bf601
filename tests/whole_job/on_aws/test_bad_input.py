"""What S3 refuses before anything is sent: exit 2 and one sentence that names the URL and says what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jobs.spark.local.hadoop import hadoop_version, spark_home
from tests.aws.world import AwsWorld
from tests.whole_job.on_aws.shop import LOGS, Shop

pytestmark = [pytest.mark.job, pytest.mark.aws]


@pytest.fixture(scope="module")
def shop(aws: AwsWorld) -> Shop:
    aws.bucket("denied", "eu-west-1", denied=True)
    aws.bucket("paid", "eu-west-1", requester_pays=True)
    aws.unmade.add("no-such-bucket")
    shop = Shop.open(aws)
    aws.put(LOGS, "old/a.parquet", aws.get(LOGS, "logs/day=2026-01-01/a.parquet"), storage_class="GLACIER")
    aws.put(LOGS, "twice//a.parquet", aws.get(LOGS, "logs/day=2026-01-01/a.parquet"))
    aws.events("eu-west-1")
    return shop


def refused(shop: Shop, path: str, **environ: str) -> str:
    """The one line of a run over `path` that ends with exit 2."""
    shop.configure("bad", source={"path": path})
    keys = {**shop.aws.user(), "AWS_REGION": "eu-west-1"}
    ended = shop.run("bad", {**keys, **environ})
    assert ended.returncode == 2, ended.stderr
    lines = [line for line in ended.stderr.splitlines() if " ERROR " in line]
    assert len(lines) == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    return lines[0]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("s3://no-such-bucket/logs/", "there is no such bucket in this AWS partition"),
        ("s3://denied/logs/", "access is denied"),
        ("s3://paid/logs/", "Requester Pays"),
        (f"s3://{LOGS}/nothing/", "there is nothing of this name"),
        (f"s3://{LOGS}//logs/", "Spark reads no folder without a name"),
        (f"s3://{LOGS}/old/", "archived in S3 Glacier"),
        ("s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/logs", "by an ARN"),
    ],
)
def test_a_source_that_can_not_be_read_is_named(shop: Shop, path: str, why: str) -> None:
    line = refused(shop, path)
    assert why in line
    assert path.rstrip("/") in line
    assert "damaged" not in line


def test_an_output_that_is_denied_is_named(shop: Shop) -> None:
    shop.configure("denied", output={"path": "s3://denied/out/"})
    ended = shop.run("denied", {**shop.aws.user(), "AWS_REGION": "eu-west-1"})
    assert (
        ended.returncode,
        "could not write s3://denied/out/_writable: access is denied" in ended.stderr,
    ) == (
        2,
        True,
    )


@pytest.mark.usefixtures("s3_jars")
def test_an_output_with_a_default_retention_is_written_to_or_named(shop: Shop) -> None:
    """S3 takes no object there without a checksum: the driver sends one, and S3A where it can."""
    shop.aws.bucket("locked", "eu-west-1", locked=True)
    shop.configure("locked", output={"path": "s3://locked/out/"})
    ended = shop.run("locked", {**shop.aws.user(), "AWS_REGION": "eu-west-1"}, "--plan")
    can = (hadoop_version(spark_home(os.environ)) or (0,)) >= (3, 4, 2)
    named = "the bucket has Object Lock with a default retention" in ended.stderr
    assert (ended.returncode, named) == ((0, False) if can else (2, True)), ended.stderr
    assert ("out/runs/first/error.json" in shop.aws.keys("locked")) is not can


def test_expired_and_wrong_keys_are_distinguished(shop: Shop) -> None:
    expired = refused(shop, f"s3://{LOGS}/logs/", **shop.aws.session(seconds=0).environ)
    wrong = refused(shop, f"s3://{LOGS}/logs/", AWS_SECRET_ACCESS_KEY="wrong")
    assert "the AWS credentials have expired" in expired
    assert "does not fit the access key" in wrong


def test_a_token_with_a_line_end_is_one_sentence_without_it(shop: Shop) -> None:
    """As one that is read from a file; botocore's own words quote it."""
    keys = shop.aws.session().environ
    token = keys["AWS_SESSION_TOKEN"]
    line = refused(shop, f"s3://{LOGS}/logs/", **{**keys, "AWS_SESSION_TOKEN": f"{token}\n"})
    assert "Check the AWS keys for line ends" in line
    assert token not in line


def test_a_role_that_may_not_be_assumed_is_one_sentence(shop: Shop, tmp_path: Path) -> None:
    role, keys = shop.aws.role("of-others", trusts=lambda _: False), shop.aws.user()
    lines = [f"{name.lower()} = {value}" for name, value in keys.items()]
    profile = f"[profile job]\nrole_arn = {role}\nsource_profile = base\n"
    (tmp_path / "config").write_text(f"{profile}[profile base]\n" + "\n".join(lines))
    shop.configure("bad")
    environ = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_PROFILE": "job", "AWS_REGION": "eu-west-1"}
    ended = shop.run("bad", environ)
    assert ended.returncode == 2, ended.stderr
    [line] = ended.stderr.splitlines()
    assert "the role can't be assumed (AccessDenied)" in line


def test_no_credentials_at_all_is_one_sentence(shop: Shop) -> None:
    ended = shop.run("bad", {"AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true"})
    assert ended.returncode == 2
    assert "there are no AWS credentials" in ended.stderr


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks5://127.0.0.1:9"])
def test_a_proxy_that_can_not_be_used_is_one_sentence(shop: Shop, proxy: str) -> None:
    line = refused(shop, f"s3://{LOGS}/logs/", HTTPS_PROXY=proxy)
    assert "HTTPS_PROXY" in line
