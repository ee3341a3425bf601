"""Where a bucket is reached: the URL is one that exists, for every part that is given it."""

from __future__ import annotations

import io
from collections.abc import Callable
from unittest.mock import Mock

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError
from mypy_boto3_s3 import S3Client
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


def test_endpoints_that_are_ignored_are_kept_from_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its SDK reads AWS_ENDPOINT_URL, and knows nothing of a variable that has it ignored."""
    own = {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    ignored = {**own, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    found = []
    for region, environ in (
        ("eu-west-1", own),
        ("eu-west-1", ignored),
        ("us-east-1", ignored),
        ("eu-west-1", {"AWS_REGION": "eu-west-1"}),
    ):
        aws_environment.only(monkeypatch, **environ, **aws_environment.KEYS)
        monkeypatch.setattr(buckets, "_ask", lambda *_, region=region: region)
        bucket = buckets.find_bucket("logs")
        found.append((bucket.endpoint_url, bucket.needs_endpoint, bucket.path_style))
    buckets.forget_buckets()
    assert found == [
        ("http://127.0.0.1:9", True, True),
        ("https://s3.eu-west-1.amazonaws.com", True, False),
        ("https://s3.us-east-1.amazonaws.com", True, False),
        ("https://s3.eu-west-1.amazonaws.com", False, False),
    ]


Send = Callable[[S3Client], object]


@pytest.mark.parametrize(
    ("send", "md5"),
    [
        (
            lambda client: client.put_object(Bucket="logs", Key="a", Body=b"content"),
            "mgNkuembtIDdJeHwKEyFVQ==",
        ),
        (
            lambda client: client.delete_objects(Bucket="logs", Delete={"Objects": [{"Key": "a"}]}),
            "JuqpggSF4mbwhmPoLCy7DQ==",
        ),
    ],
)
def test_what_is_written_or_deleted_comes_with_its_md5(
    monkeypatch: pytest.MonkeyPatch, send: Send, md5: str
) -> None:
    """A bucket with Object Lock and a default retention takes no object without one, other servers no deletions."""
    aws_environment.only(monkeypatch, AWS_REGION="eu-west-1", **aws_environment.KEYS)
    monkeypatch.setattr(buckets, "_region_of", lambda _name: ("eu-west-1", False))
    client = buckets.open_bucket("logs")
    sent: list[AWSPreparedRequest] = []

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, {}, HTTPResponse(io.BytesIO(b"<a/>"), preload_content=False))

    client.meta.events.register("before-send.s3", answer)
    send(client)
    headers = {name: str(value) for name, value in sent[0].headers.items()}
    assert md5 in headers["Content-MD5"]
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
