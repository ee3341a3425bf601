"""Who signed a request to the world's S3, and what for: keys, clocks, hashes, chunks and checksums."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.aws.identity.keys import Key
from tests.aws.raw import Answer, ask, signed_headers
from tests.aws.world import AwsWorld

pytestmark = pytest.mark.aws

HOME = "shop.s3.eu-west-1.amazonaws.com"


@pytest.fixture(scope="module", autouse=True)
def bucket(aws: AwsWorld) -> None:
    aws.bucket("shop", "eu-west-1")
    aws.put("shop", "a", b"content")


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
def test_a_clock_that_is_off_is_refused_as_such(send: Callable[..., Answer], minutes: int) -> None:
    answer = send("GET", f"{HOME}/a", late=timedelta(minutes=minutes))
    assert answer.refused == (403, "RequestTimeTooSkewed")
    assert send("GET", f"{HOME}/a", late=timedelta(minutes=minutes * 7 / 8)).status == 200


def test_what_was_changed_on_the_way_does_not_fit_its_signature(send: Callable[..., Answer]) -> None:
    assert send("GET", f"{HOME}/a", after={"x-amz-date": "20260101T000000Z"}).status >= 400
    assert send("GET", f"{HOME}/a", after={"x-amz-meta-more": "1"}).refused == (403, "AccessDenied")
    put = send("PUT", f"{HOME}/b", b"signed", sent=b"other!")
    assert put.refused == (400, "XAmzContentSHA256Mismatch")
    assert send("GET", f"{HOME}/a", service="sts").refused == (400, "AuthorizationHeaderMalformed")


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
