"""A world with a proxy: its tunnels are counted, and where there is no other way, nothing goes around it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.aws.world import AwsWorld

pytestmark = pytest.mark.aws

READ = """
import boto3
from botocore.config import Config
config = Config(connect_timeout=5, retries={'total_max_attempts': 1})
print(boto3.client('s3', config=config).get_object(Bucket='shop', Key='a')['Body'].read().decode())
"""
TUNNEL = "shop.s3.eu-west-1.amazonaws.com:443"


@pytest.fixture(scope="module")
def enclosed(needs_world: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsWorld]:  # noqa: ARG001
    """A world that a job reaches through a proxy alone."""
    with AwsWorld(tmp_path_factory.mktemp("enclosed"), proxied=True) as world:
        world.bucket("shop", "eu-west-1")
        world.put("shop", "a", b"content")
        yield world


@pytest.fixture
def keys(enclosed: AwsWorld) -> dict[str, str]:
    return {**enclosed.user(), "AWS_DEFAULT_REGION": "eu-west-1"}


def test_there_is_no_way_around_the_proxy(enclosed: AwsWorld, keys: dict[str, str]) -> None:
    ended = enclosed.python(READ, keys)
    assert "Could not connect to the endpoint URL" in ended.stderr
    assert not enclosed.requests


def test_tunnels_are_counted_by_where_they_lead(enclosed: AwsWorld, keys: dict[str, str]) -> None:
    proxy = enclosed.proxy()
    ended = enclosed.python(READ, {**keys, "HTTPS_PROXY": proxy.url})
    assert ended.stdout.strip() == "content", ended.stderr
    assert (proxy.tunnels, proxy.plain) == ({TUNNEL: 1}, {})


def test_a_proxy_with_a_login_takes_no_other_caller(enclosed: AwsWorld, keys: dict[str, str]) -> None:
    proxy = enclosed.proxy(login="user:word")
    assert "ProxyConnectionError" in enclosed.python(READ, {**keys, "HTTPS_PROXY": proxy.url}).stderr
    assert not proxy.tunnels
    ended = enclosed.python(READ, {**keys, "HTTPS_PROXY": proxy.url_with_login})
    assert (ended.stdout.strip(), proxy.tunnels) == ("content", {TUNNEL: 1})
