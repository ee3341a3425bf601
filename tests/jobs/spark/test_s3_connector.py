from __future__ import annotations

from dataclasses import replace

import pytest

from core.aws.buckets import Bucket
from core.aws.proxies import Proxy
from jobs.errors import UsageError
from jobs.spark.s3_connector import account_settings, bucket_settings, connector_packages, direct_hosts

CHAIN = "spark.hadoop.fs.s3a.aws.credentials.provider"


@pytest.mark.parametrize(("hadoop", "count"), [((3, 3, 4), 4), ((3, 4, 1), 8), ((3, 5, 0), 8)])
def test_the_connector_has_the_hadoop_version_and_never_the_big_bundle(
    hadoop: tuple[int, int, int], count: int
) -> None:
    found = connector_packages(hadoop)
    coordinates = found.coordinates.split(",")
    assert coordinates[0] == "org.apache.hadoop:hadoop-aws:" + ".".join(map(str, hadoop))
    assert len(coordinates) == count
    assert not any("bundle" in package for package in coordinates)
    assert "bundle" in found.excludes


def test_a_spark_without_hadoop_says_so() -> None:
    with pytest.raises(UsageError, match="spark-submit"):
        connector_packages(None)


def test_credentials_come_from_the_usual_chain_of_the_sdk_in_use() -> None:
    assert account_settings((3, 3, 4)) == {CHAIN: "com.amazonaws.auth.profile.ProfileCredentialsProvider"}
    assert account_settings((3, 4, 1)) == {
        CHAIN: "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider"
    }
    assert account_settings((3, 4, 1), from_boto3=True) == {
        CHAIN: "software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider"
    }
    assert account_settings((3, 3, 4), from_boto3=True) == account_settings((3, 3, 4)), "always"


AWS = Bucket("logs", "us-west-2", "https://s3.us-west-2.amazonaws.com", False, False, None)


def options(hadoop: tuple[int, int, int], bucket: Bucket) -> dict[str, str]:
    settings = bucket_settings(hadoop, [bucket])
    prefix = f"spark.hadoop.fs.s3a.bucket.{bucket.name}."
    assert all(key.startswith(prefix) for key in settings)
    found = {key.removeprefix(prefix): value for key, value in settings.items()}
    flags = found.pop("performance.flags", None)
    assert flags == ("create,delete,mkdir" if hadoop >= (3, 4, 1) else None)
    checksums = found.pop("create.checksum.algorithm", None)
    assert checksums == ("CRC32" if hadoop >= (3, 4, 2) and not bucket.own_endpoint else None)
    assert found.pop("directory.marker.retention", None) == ("keep" if hadoop < (3, 4) else None)
    return found


def test_each_bucket_is_reached_in_its_own_region() -> None:
    assert options((3, 4, 1), AWS) == options((3, 5, 0), AWS) == {"endpoint.region": "us-west-2"}
    assert options((3, 3, 4), AWS) == {
        "endpoint.region": "us-west-2",
        "endpoint": "https://s3.us-west-2.amazonaws.com",
        "path.style.access": "false",
        "connection.ssl.enabled": "true",
    }


def test_a_server_of_ones_own_is_named_and_has_the_bucket_in_its_path() -> None:
    own = Bucket("logs", "us-east-1", "http://minio:9000", True, True, None, needs_endpoint=True)
    assert options((3, 5, 0), own) == {
        "endpoint.region": "us-east-1",
        "endpoint": "http://minio:9000",
        "path.style.access": "true",
        "connection.ssl.enabled": "false",
    }


def test_fips_is_asked_for_and_named_where_the_sdk_can_not_be_asked() -> None:
    """The second SDK refuses an endpoint together with FIPS."""
    fips = replace(AWS, endpoint_url="https://s3-fips.us-west-2.amazonaws.com")
    assert options((3, 4, 1), fips) == {"endpoint.region": "us-west-2", "endpoint.fips": "true"}
    assert options((3, 3, 4), fips)["endpoint"] == "https://s3-fips.us-west-2.amazonaws.com"


def test_a_bucket_is_reached_through_its_own_proxy() -> None:
    proxied = replace(AWS, proxy=Proxy("proxy", 3128, tls=True, username="u", password="p"))
    assert options((3, 4, 1), proxied) == {
        "endpoint.region": "us-west-2",
        "proxy.host": "proxy",
        "proxy.port": "3128",
        "proxy.ssl.enabled": "true",
        "proxy.username": "u",
        "proxy.password": "p",
    }


def test_hosts_without_a_proxy_are_named_for_the_sdk_that_follows_the_environment() -> None:
    proxied = replace(AWS, name="far", proxy=Proxy("proxy", 3128, tls=False))
    own = replace(AWS, endpoint_url="http://minio:9000", path_style=True)
    assert direct_hosts((3, 3, 4), [AWS, proxied, own]) == "logs.s3.us-west-2.amazonaws.com|minio"
    assert direct_hosts((3, 3, 4), [proxied]) == ""
    assert direct_hosts((3, 4, 1), [AWS]) == ""
