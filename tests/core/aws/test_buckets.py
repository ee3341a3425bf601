"""Where a bucket is reached: the URL is one that exists, for every part that is given it."""

from __future__ import annotations

import io
from unittest.mock import Mock

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError
from urllib3 import HTTPResponse

from core.aws import buckets
from core.errors import is_passing
from tests.delivery import aws_environment

ABOUT = {"HTTPStatusCode": 503, "HTTPHeaders": {}}


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2"])
def test_the_fips_endpoint_is_the_regions_own(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    """Of us-east-1 botocore says `s3-fips.aws-global`, which is no host; S3A of Spark 3.5 is given the URL."""
    aws_environment.only(monkeypatch, AWS_REGION=region, AWS_USE_FIPS_ENDPOINT="true", **aws_environment.KEYS)
    monkeypatch.setattr(buckets, "_region_of", lambda _name: (region, False))
    assert buckets.find_bucket("logs").endpoint_url == f"https://s3-fips.{region}.amazonaws.com"
    buckets.forget_buckets()


def test_each_object_is_written_with_a_checksum(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket with Object Lock and a default retention takes no other; and any S3 server knows this one."""
    aws_environment.only(monkeypatch, AWS_REGION="eu-west-1", **aws_environment.KEYS)
    monkeypatch.setattr(buckets, "_region_of", lambda _name: ("eu-west-1", False))
    client = buckets.open_bucket("logs")
    sent: list[AWSPreparedRequest] = []

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, {}, HTTPResponse(io.BytesIO(), preload_content=False))

    client.meta.events.register("before-send.s3.PutObject", answer)
    client.put_object(Bucket="logs", Key="a", Body=b"content")
    headers = {name: str(value) for name, value in sent[0].headers.items()}
    assert "mgNkuembtIDdJeHwKEyFVQ==" in headers["Content-MD5"]
    assert "content-md5" in headers["Authorization"]
    buckets.forget_buckets()


def test_a_region_that_s3_could_not_give_for_the_moment_is_not_guessed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A HEAD of 503 says nothing of the region; the bucket had been looked for in another one from then on."""
    aws_environment.only(monkeypatch, AWS_REGION="eu-west-1", **aws_environment.KEYS)
    buckets.forget_buckets()

    def slow(**_: object) -> object:
        raise ClientError({"Error": {"Code": "503"}, "ResponseMetadata": ABOUT}, "HeadBucket")

    asked = Mock(head_bucket=slow)
    monkeypatch.setattr(buckets, "_client", lambda *_, **__: asked)
    with pytest.raises(OSError, match="S3 asks for fewer requests") as caught:
        buckets.find_bucket("logs")
    assert is_passing(caught.value)
    buckets.forget_buckets()
