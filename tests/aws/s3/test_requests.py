"""S3 of the world: every rule by a raw request that breaks it, next to the same request that does not."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

import pytest

from tests.aws.raw import Answer, ask
from tests.aws.s3.errors import S3Error
from tests.aws.world import AwsWorld

pytestmark = pytest.mark.aws

HOME = "shop.s3.eu-west-1.amazonaws.com"
ALL_FORMS = [
    "shop.s3.eu-west-1.amazonaws.com/a",
    "s3.eu-west-1.amazonaws.com/shop/a",
    "shop.s3.dualstack.eu-west-1.amazonaws.com/a",
    "s3.dualstack.eu-west-1.amazonaws.com/shop/a",
    "shop.s3.amazonaws.com/a",
]
US_FORMS = [
    "usa.s3.amazonaws.com/a",
    "s3.amazonaws.com/usa/a",
    "usa.s3-fips.us-east-1.amazonaws.com/a",
    "usa.s3-fips.dualstack.us-east-1.amazonaws.com/a",
    "s3-fips.us-east-1.amazonaws.com/usa/a",
]


@pytest.fixture(scope="module", autouse=True)
def buckets(aws: AwsWorld) -> None:
    aws.bucket("shop", "eu-west-1")
    aws.bucket("usa", "us-east-1")
    aws.bucket("closed", "eu-west-1", denied=True)
    aws.bucket("theirs", "eu-west-1", requester_pays=True)
    aws.bucket("locked", "eu-west-1", locked=True)
    for bucket in ("shop", "usa", "closed", "theirs"):
        aws.put(bucket, "a", b"content")
    aws.put("shop", "cold", b"frozen", storage_class="DEEP_ARCHIVE")


@pytest.fixture
def allowing(aws: AwsWorld) -> Iterator[Callable[[set[str]], list[tuple[str, str, Mapping[str, str]]]]]:
    """Allow only these actions, and give what was asked."""
    before, asked = aws.s3.authorize, []

    def allow(actions: set[str]) -> list[tuple[str, str, Mapping[str, str]]]:
        def authorize(_: str, action: str, resource: str, context: Mapping[str, str]) -> bool:
            asked.append((action, resource, context))
            return action in actions

        aws.s3.authorize = authorize
        return asked

    yield allow
    aws.s3.authorize = before


@pytest.mark.parametrize("url", ALL_FORMS)
def test_every_form_of_address_leads_to_the_object(send: Callable[..., Answer], url: str) -> None:
    answer = send("GET", url)
    assert (answer.status, answer.body) == (200, b"content")
    assert answer.headers["x-amz-bucket-region"] == "eu-west-1"


@pytest.mark.parametrize("url", US_FORMS)
def test_so_do_the_global_and_fips_forms_of_us_east_1(send: Callable[..., Answer], url: str) -> None:
    assert send("GET", url, region="us-east-1").body == b"content"


@pytest.mark.parametrize(
    "url",
    [
        "shop.s3.us-east-1.amazonaws.com/a",
        "s3.us-east-1.amazonaws.com/shop/a",
        "s3.amazonaws.com/shop/a",
        "shop.s3.amazonaws.com/a",
        "s3.dualstack.us-east-1.amazonaws.com/shop/a",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_another_regions_door_sends_one_on(send: Callable[..., Answer], url: str, method: str) -> None:
    answer = send(method, url, region="us-east-1")
    assert answer.status == 301
    assert answer.headers["x-amz-bucket-region"] == "eu-west-1"
    assert answer.code == ("PermanentRedirect" if method == "GET" else "")
    assert (b"<Endpoint>shop.s3.eu-west-1.amazonaws.com</Endpoint>" in answer.body) is (method == "GET")


def test_a_global_path_is_no_way_to_another_region_for_any_signer(send: Callable[..., Answer]) -> None:
    assert send("GET", "s3.amazonaws.com/shop/a").status == 301


def test_a_signature_for_another_region_is_malformed_and_says_the_right_one(
    send: Callable[..., Answer],
) -> None:
    answer = send("GET", f"{HOME}/a", region="us-east-1")
    assert answer.refused == (400, "AuthorizationHeaderMalformed")
    assert b"<Region>eu-west-1</Region>" in answer.body
    assert answer.headers["x-amz-bucket-region"] == "eu-west-1"


def test_a_bucket_that_is_not_there_has_no_region(send: Callable[..., Answer]) -> None:
    answer = send("GET", "s3.eu-west-1.amazonaws.com/nowhere/a")
    assert answer.refused == (404, "NoSuchBucket")
    assert "x-amz-bucket-region" not in answer.headers


def test_who_signs_nothing_is_denied_and_learns_the_region(aws: AwsWorld) -> None:
    answer = ask(aws, "GET", f"{HOME}/a", key=None)
    assert answer.refused == (403, "AccessDenied")
    assert answer.headers["x-amz-bucket-region"] == "eu-west-1"
    assert ask(aws, "HEAD", HOME + "/", key=None).body == b""


def test_a_write_may_depend_on_what_is_there(aws: AwsWorld, send: Callable[..., Answer]) -> None:
    assert send("PUT", f"{HOME}/once", b"1", headers={"if-none-match": "*"}).status == 200
    assert send("PUT", f"{HOME}/once", b"2", headers={"if-none-match": "*"}).refused == (
        412,
        "PreconditionFailed",
    )
    etag = send("HEAD", f"{HOME}/once").headers["etag"]
    assert send("PUT", f"{HOME}/once", b"3", headers={"if-match": '"other"'}).status == 412
    assert send("PUT", f"{HOME}/once", b"4", headers={"if-match": etag}).status == 200
    assert send("PUT", f"{HOME}/absent", b"5", headers={"if-match": etag}).status == 404
    assert send("DELETE", f"{HOME}/once", headers={"if-match": etag}).status == 412
    assert aws.get("shop", "once") == b"4"


def test_reading_may_be_in_part_or_conditional(send: Callable[..., Answer]) -> None:
    part = send("GET", f"{HOME}/a", headers={"range": "bytes=1-3"})
    assert (part.status, part.body, part.headers["content-range"]) == (206, b"ont", "bytes 1-3/7")
    assert send("GET", f"{HOME}/a", headers={"range": "bytes=7-9"}).refused == (416, "InvalidRange")
    assert send("GET", f"{HOME}/a", headers={"if-match": '"other"'}).status == 412
    assert send("HEAD", f"{HOME}/a").headers["content-length"] == "7"
    assert send("GET", f"{HOME}/absent").refused == (404, "NoSuchKey")


def test_a_frozen_object_is_seen_and_not_read(send: Callable[..., Answer]) -> None:
    assert send("GET", f"{HOME}/cold").refused == (403, "InvalidObjectState")
    assert send("HEAD", f"{HOME}/cold").headers["x-amz-storage-class"] == "DEEP_ARCHIVE"


def test_who_does_not_offer_to_pay_is_denied(send: Callable[..., Answer]) -> None:
    url = "theirs.s3.eu-west-1.amazonaws.com/a"
    assert send("GET", url).refused == (403, "AccessDenied")
    assert send("GET", url, headers={"x-amz-request-payer": "requester"}).body == b"content"


def test_a_bucket_may_deny_everything_and_still_says_where_it_is(send: Callable[..., Answer]) -> None:
    answer = send("GET", "closed.s3.eu-west-1.amazonaws.com/a")
    assert answer.refused == (403, "AccessDenied")
    assert answer.headers["x-amz-bucket-region"] == "eu-west-1"


def test_a_bucket_is_not_made_by_a_client(send: Callable[..., Answer]) -> None:
    assert send("PUT", "shop.s3.eu-west-1.amazonaws.com/").refused == (409, "BucketAlreadyOwnedByYou")
    assert send("PUT", "s3.eu-west-1.amazonaws.com/new").refused == (403, "AccessDenied")


def test_who_may_not_list_learns_of_no_absence(
    send: Callable[..., Answer], allowing: Callable[[set[str]], object]
) -> None:
    allowing({"s3:GetObject"})
    assert send("GET", f"{HOME}/absent").refused == (403, "AccessDenied")
    assert send("HEAD", f"{HOME}/absent").status == 403
    assert send("GET", f"{HOME}/a").status == 200
    assert send("GET", f"{HOME}/?list-type=2").refused == (403, "AccessDenied")


def test_what_is_asked_of_a_policy_is_what_iam_would_be_asked(
    send: Callable[..., Answer], allowing: Callable[[set[str]], list[tuple[str, str, Mapping[str, str]]]]
) -> None:
    asked = allowing({"s3:ListBucket", "s3:PutObject", "s3:GetObject"})
    send("GET", f"{HOME}/?list-type=2&prefix=logs%2F&delimiter=%2F")
    send("PUT", f"{HOME}/to", headers={"x-amz-copy-source": "/shop/day%3D1"})
    send("PUT", f"{HOME}/to", headers={"if-match": '"e"'})
    send("POST", f"{HOME}/to?uploads")
    listing, *rest = asked
    assert listing[:2] == ("s3:ListBucket", "arn:aws:s3:::shop")
    assert (listing[2]["s3:prefix"], listing[2]["s3:delimiter"]) == ("logs/", "/")
    to = "arn:aws:s3:::shop/to"
    assert [each[:2] for each in rest] == [
        ("s3:PutObject", to),
        ("s3:GetObject", "arn:aws:s3:::shop/day=1"),
        ("s3:PutObject", to),
        ("s3:GetObject", to),
        ("s3:PutObject", to),
    ]


def delete_many(send: Callable[..., Answer], *keys: str, md5: bool = True) -> Answer:
    body = "".join(f"<Object><Key>{key}</Key></Object>" for key in keys)
    content = f"<Delete>{body}</Delete>".encode()
    digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    return send("POST", f"{HOME}/?delete", content, headers={"content-md5": digest} if md5 else {})


def test_many_are_deleted_at_once_each_by_its_own_right(
    aws: AwsWorld, send: Callable[..., Answer], allowing: Callable[[set[str]], object]
) -> None:
    for name in ("d1", "d2"):
        aws.put("shop", name, b"")
    assert delete_many(send, "d1", md5=False).refused == (400, "InvalidRequest")
    assert b"<Deleted><Key>d1</Key></Deleted>" in delete_many(send, "d1", "never").body
    allowing(set())
    refused = delete_many(send, "d2")
    assert (refused.status, refused.code) == (200, "AccessDenied")
    assert not {"d1"} & set(aws.keys("shop"))
    assert "d2" in aws.keys("shop")


def upload_begun(send: Callable[..., Answer], url: str) -> str:
    """The id of a new upload in parts."""
    begun = send("POST", f"{url}?uploads").body.decode()
    return begun.partition("<UploadId>")[2].partition("</UploadId>")[0]


@pytest.mark.parametrize("parts", [False, True])
def test_a_locked_bucket_takes_nothing_without_a_checksum(
    send: Callable[..., Answer], *, parts: bool
) -> None:
    url = "locked.s3.eu-west-1.amazonaws.com/a"
    if parts:
        url += f"?partNumber=1&uploadId={upload_begun(send, url)}"
    assert send("PUT", url, b"1").refused == (400, "InvalidRequest")
    md5 = base64.b64encode(hashlib.md5(b"1", usedforsecurity=False).digest()).decode()
    assert send("PUT", url, b"1", headers={"content-md5": md5}).status == 200


@pytest.fixture
def trouble(aws: AwsWorld) -> Iterator[Callable[[S3Error | int], None]]:
    """Let this go wrong with every request."""

    def trouble(what: S3Error | int) -> None:
        aws.s3.trouble = lambda *_: what

    before = aws.s3.trouble
    yield trouble
    aws.s3.trouble = before


def test_s3_has_its_bad_hours(
    aws: AwsWorld, send: Callable[..., Answer], trouble: Callable[[S3Error | int], None]
) -> None:
    trouble(S3Error(503, "SlowDown", "Please reduce your request rate."))
    assert send("PUT", f"{HOME}/slow", b"1").refused == (503, "SlowDown")
    assert send("HEAD", f"{HOME}/a").status == 503
    trouble(0)
    with pytest.raises(OSError, match="closed"):
        send("PUT", f"{HOME}/lost", b"1")
    assert "slow" not in aws.keys("shop")
    assert aws.get("shop", "lost") == b"1", "it is done, and its answer does not arrive"


def test_keys_may_hold_any_character(aws: AwsWorld, send: Callable[..., Answer]) -> None:
    """`?` and `#` had been taken for the query's beginning, by the store alone."""
    key = "day=1/a b+c%20#?&=;ä//.parquet"
    aws.put("shop", key, b"odd")
    assert send("GET", f"{HOME}/{quote(key)}").body == b"odd"
    assert key in aws.keys("shop", "day=1/")


def test_parts_become_one_object(aws: AwsWorld, send: Callable[..., Answer]) -> None:
    upload = upload_begun(send, f"{HOME}/big")
    etags = [
        send("PUT", f"{HOME}/big?partNumber={number}&uploadId={upload}", content).headers["etag"]
        for number, content in ((1, b"x" * (5 << 20)), (2, b"end"))
    ]
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
        for number, etag in enumerate(etags, start=1)
    )
    done = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    assert send("POST", f"{HOME}/big?uploadId={upload}", done).status == 200
    assert len(aws.get("shop", "big")) == (5 << 20) + 3


def test_the_log_says_who_asked_for_what_and_what_came_of_it(
    aws: AwsWorld, send: Callable[..., Answer]
) -> None:
    send("GET", f"{HOME}/a")
    entry = aws.requests[-1]
    assert (entry.service, entry.host, entry.operation, entry.action) == (
        "s3",
        HOME,
        "GetObject",
        "s3:GetObject",
    )
    assert (entry.status, entry.region) == (200, "eu-west-1")
    assert entry.principal == "arn:aws:iam::123456789012:user/tester"
    send("GET", f"{HOME}/absent")
    assert aws.requests[-1].code == "NoSuchKey"
    assert aws.requests.count()["GetObject"] >= 2
