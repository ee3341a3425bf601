"""Where a bucket is reached: the URL is one that exists, for every part that is given it."""

from __future__ import annotations

import pytest

from core.aws import buckets
from tests.delivery import aws_environment


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2"])
def test_the_fips_endpoint_is_the_regions_own(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    """Of us-east-1 botocore says `s3-fips.aws-global`, which is no host; S3A of Spark 3.5 is given the URL."""
    aws_environment.only(monkeypatch, AWS_REGION=region, AWS_USE_FIPS_ENDPOINT="true", **aws_environment.KEYS)
    monkeypatch.setattr(buckets, "_region_of", lambda _name: (region, False))
    assert buckets.find_bucket("logs").endpoint_url == f"https://s3-fips.{region}.amazonaws.com"
    buckets.forget_buckets()
