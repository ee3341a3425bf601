from __future__ import annotations

import pytest

from jobs.errors import UsageError
from jobs.s3_connector import account_settings, connector_settings, endpoint_settings, is_s3

ENDPOINT = "spark.hadoop.fs.s3a.endpoint"
REGION = "spark.hadoop.fs.s3a.endpoint.region"
CHAIN = "spark.hadoop.fs.s3a.aws.credentials.provider"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("s3://bucket/key", True),
        ("s3a://bucket/key", True),
        ("S3://bucket", True),
        ("file:///s3/x", False),
        ("s3/x", False),
    ],
)
def test_only_s3_urls_lie_on_s3(path: str, expected: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert is_s3(path) is expected


@pytest.mark.parametrize(("hadoop", "count"), [((3, 3, 4), 4), ((3, 4, 1), 8), ((3, 5, 0), 8)])
def test_the_connector_has_the_hadoop_version_and_never_the_big_bundle(
    hadoop: tuple[int, int, int], count: int
) -> None:
    settings = connector_settings(hadoop)
    packages = settings["spark.jars.packages"].split(",")
    assert packages[0] == "org.apache.hadoop:hadoop-aws:" + ".".join(map(str, hadoop))
    assert len(packages) == count
    assert not any("bundle" in package for package in packages)
    assert "bundle" in settings["spark.jars.excludes"]


def test_a_spark_without_hadoop_says_so() -> None:
    with pytest.raises(UsageError, match="spark-submit"):
        connector_settings(None)


def test_credentials_come_from_the_usual_chain_of_the_sdk_in_use() -> None:
    assert account_settings((3, 3, 4), {"AWS_REGION": "eu-west-1"}) == {
        CHAIN: "com.amazonaws.auth.DefaultAWSCredentialsProviderChain"
    }
    assert account_settings((3, 4, 1), {"AWS_DEFAULT_REGION": "eu-west-1"}) == {
        CHAIN: "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider",
        REGION: "eu-west-1",
    }
    assert REGION not in account_settings((3, 4, 1), {})


def test_no_endpoint_is_set_unless_the_environment_names_one() -> None:
    assert endpoint_settings({"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_S3": ""}) == {}


def test_the_endpoint_of_s3_alone_comes_before_the_general_one() -> None:
    both = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1", "AWS_ENDPOINT_URL": "https://other:2"}
    settings = endpoint_settings(both)
    assert settings[ENDPOINT] == "http://127.0.0.1:1"
    assert settings[REGION] == "us-east-1"
    assert settings["spark.hadoop.fs.s3a.connection.ssl.enabled"] == "false"
    assert settings["spark.hadoop.fs.s3a.path.style.access"] == "true"
    secure = endpoint_settings({"AWS_ENDPOINT_URL": "https://other:2", "AWS_REGION": "eu-west-1"})
    assert secure["spark.hadoop.fs.s3a.connection.ssl.enabled"] == "true"
    assert secure[REGION] == "eu-west-1"
