"""S3 of the world: every rule by a raw request that breaks it, next to the same request that does not."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from tests.aws.keys import Key
from tests.aws.raw import Answer, ask, signed_headers
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
    for bucket in ("shop", "usa", "closed", "theirs"):
        aws.put(bucket, "a", b"content")
    aws.put("shop", "cold", b"frozen", storage_class="DEEP_ARCHIVE")


@pytest.fixture
def key(aws: AwsWorld) -> Key:
    return aws.keys.long_lived("arn:aws:iam::123456789012:user/tester")


@pytest.fixture
def send(aws: AwsWorld, key: Key) -> Callable[..., Answer]:
    return partial(ask, aws, key=key)


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


def test_a_global_path_is_no_way_to_another_region_whoever_signs(send: Callable[..., Answer]) -> None:
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


def test_keys_that_do_not_count_are_refused_by_name(aws: AwsWorld, key: Key) -> None:
    session = aws.session()
    refused = {
        "unknown": (replace(key, access_key="AKIANOBODY"), (403, "InvalidAccessKeyId")),
        "secret": (replace(key, secret_key="other"), (403, "SignatureDoesNotMatch")),
        "expired": (aws.session(seconds=-5), (400, "ExpiredToken")),
        "token": (replace(session, token="other"), (400, "InvalidToken")),
        "no token": (replace(session, token=None), (400, "InvalidToken")),
    }
    assert {
        name: ask(aws, "GET", f"{HOME}/a", key=with_key).refused for name, (with_key, _) in refused.items()
    } == {name: answer for name, (_, answer) in refused.items()}
    assert ask(aws, "GET", f"{HOME}/a", key=session).status == 200


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_that_is_off_is_told_so(send: Callable[..., Answer], minutes: int) -> None:
    answer = send("GET", f"{HOME}/a", late=timedelta(minutes=minutes))
    assert answer.refused == (403, "RequestTimeTooSkewed")
    assert send("GET", f"{HOME}/a", late=timedelta(minutes=minutes * 7 / 8)).status == 200


def test_what_was_changed_on_the_way_does_not_fit_its_signature(send: Callable[..., Answer]) -> None:
    assert send("GET", f"{HOME}/a", after={"x-amz-date": "20260101T000000Z"}).status >= 400
    assert send("GET", f"{HOME}/a", after={"x-amz-meta-more": "1"}).refused == (403, "AccessDenied")
    put = send("PUT", f"{HOME}/b", b"signed", sent=b"other!")
    assert put.refused == (400, "XAmzContentSHA256Mismatch")
    assert send("GET", f"{HOME}/a", service="sts").status == 400


def test_a_body_may_go_unsigned_but_not_unnamed(send: Callable[..., Answer]) -> None:
    assert send("PUT", f"{HOME}/b", b"x", headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}).status == 200
    assert send("PUT", f"{HOME}/b", b"x", names_hash=False).refused == (400, "InvalidRequest")


@pytest.mark.parametrize("sent", ["day=2026-01-01/a%20b+c.txt", "day%3D2026-01-01/a%20b%2Bc.txt"])
def test_a_key_is_the_same_however_much_of_it_is_encoded(
    aws: AwsWorld, send: Callable[..., Answer], sent: str
) -> None:
    aws.put("shop", "day=2026-01-01/a b+c.txt", b"here")
    assert send("GET", f"{HOME}/day%3D2026-01-01/a%20b%2Bc.txt", as_target=f"/{sent}").body == b"here"


def chunked(aws: AwsWorld, key: Key, chunks: list[bytes], *, declared: str, broken: bool = False) -> Answer:
    """A put in AWS's chunks, each signed if `declared` says so."""
    headers = {
        "x-amz-content-sha256": declared,
        "x-amz-decoded-content-length": str(sum(map(len, chunks))),
        "content-encoding": "aws-chunked",
    }
    signed = signed_headers("PUT", f"{HOME}/c", b"", key=key, region="eu-west-1", headers=headers)
    previous = signed["Authorization"].rpartition("=")[2]
    scope = f"{signed['X-Amz-Date'][:8]}/eu-west-1/s3/aws4_request"
    body = b""
    for chunk in [*chunks, b""]:
        text = "\n".join(
            [
                "AWS4-HMAC-SHA256-PAYLOAD",
                signed["X-Amz-Date"],
                scope,
                previous,
                hashlib.sha256(b"").hexdigest(),
                hashlib.sha256(chunk).hexdigest(),
            ]
        )
        previous = signature(key, signed["X-Amz-Date"], text)
        shown = chunk.upper() if broken else chunk
        body += f"{len(chunk):x};chunk-signature={previous}\r\n".encode() + shown + b"\r\n"
    return ask(aws, "PUT", f"{HOME}/c", b"", key=None, headers=signed, sent=body)


def signature(key: Key, stamp: str, text: str) -> str:
    derived = f"AWS4{key.secret_key}".encode()
    for part in (stamp[:8], "eu-west-1", "s3", "aws4_request"):
        derived = hmac.digest(derived, part.encode(), "sha256")
    return hmac.digest(derived, text.encode(), "sha256").hex()


def test_signed_chunks_are_undone_and_verified_one_by_one(aws: AwsWorld, key: Key) -> None:
    stream = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    assert chunked(aws, key, [b"one,", b"two"], declared=stream).status == 200
    assert aws.get("shop", "c") == b"one,two"
    assert chunked(aws, key, [b"one"], declared=stream, broken=True).refused == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("right", [True, False])
def test_a_trailing_checksum_is_held_against_the_content(
    aws: AwsWorld,
    send: Callable[..., Answer],
    right: bool,  # noqa: FBT001
) -> None:
    digest = base64.b64encode(hashlib.sha256(b"abc" if right else b"abd").digest()).decode()
    headers = {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": "3",
        "x-amz-trailer": "x-amz-checksum-sha256",
        "content-encoding": "aws-chunked",
    }
    body = f"3\r\nabc\r\n0\r\nx-amz-checksum-sha256:{digest}\r\n\r\n".encode()
    answer = send("PUT", f"{HOME}/t", headers=headers, sent=body)
    assert answer.refused == ((200, "") if right else (400, "BadDigest"))
    assert not right or aws.get("shop", "t") == b"abc"


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ({"x-amz-decoded-content-length": "4"}, "IncompleteBody"),
        ({"x-amz-trailer": "x-amz-checksum-crc32"}, "MalformedTrailerError"),
    ],
)
def test_chunks_that_are_not_what_they_say_are_refused(
    send: Callable[..., Answer], head: dict[str, str], code: str
) -> None:
    headers = {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": "3",
        "x-amz-trailer": "x-amz-checksum-sha256",
        **head,
    }
    digest = base64.b64encode(hashlib.sha256(b"abc").digest()).decode()
    body = f"3\r\nabc\r\n0\r\nx-amz-checksum-sha256:{digest}\r\n\r\n".encode()
    assert send("PUT", f"{HOME}/t", headers=headers, sent=body).refused == (400, code)


def test_a_wrong_md5_is_refused(send: Callable[..., Answer]) -> None:
    md5 = base64.b64encode(hashlib.md5(b"other", usedforsecurity=False).digest()).decode()
    assert send("PUT", f"{HOME}/b", b"x", headers={"content-md5": md5}).refused == (400, "BadDigest")


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
    assert not {"d1"} & set(aws.keys_of("shop"))
    assert "d2" in aws.keys_of("shop")


def test_parts_become_one_object(aws: AwsWorld, send: Callable[..., Answer]) -> None:
    started = send("POST", f"{HOME}/big?uploads")
    upload = started.body.decode().partition("<UploadId>")[2].partition("</UploadId>")[0]
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
