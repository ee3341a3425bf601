from __future__ import annotations

import dataclasses
import hashlib
import time
from datetime import UTC, datetime, timedelta

import pytest

from standin.endpoint import Request
from standin.keys import Credentials, single_key
from standin.refusal import Refusal
from standin.signature import Verifier
from tests.standin.signing import CREDENTIALS, REGION, URL, body, signed, signed_at

TEMPORARY = Credentials(CREDENTIALS.access_key, CREDENTIALS.secret_key, "a/session+token==")


def verify(request: Request, verifier: Verifier | None = None, now: float | None = None) -> None:
    chosen = verifier or Verifier(single_key(CREDENTIALS))
    chosen.verify(request.method, request.target, request.headers, request.body, now or time.time())


def refusal_of(
    request: Request, verifier: Verifier | None = None, now: float | None = None
) -> tuple[int, str]:
    with pytest.raises(Refusal) as refused:
        verify(request, verifier, now)
    return refused.value.status, refused.value.code


def with_headers(request: Request, **headers: str | None) -> Request:
    changed = {**request.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return dataclasses.replace(
        request, headers={name: value for name, value in changed.items() if value is not None}
    )


@pytest.mark.parametrize(
    "path", ["/events", "/events?b=2&a=1", "/a/prefix/events", "/a%20b/events", "/events?a=%2F"]
)
def test_what_botocore_signs_is_good(path: str) -> None:
    verify(signed(body(), url=URL + path))


def test_a_session_token_is_part_of_the_credentials() -> None:
    verify(signed(body(), credentials=TEMPORARY), Verifier(single_key(TEMPORARY)))
    assert refusal_of(signed(body(), credentials=TEMPORARY)) == (403, "UnrecognizedClientException")
    assert refusal_of(signed(body()), Verifier(single_key(TEMPORARY))) == (403, "UnrecognizedClientException")


def test_a_token_past_its_end_is_an_expired_token() -> None:
    now = time.time()
    find = single_key(dataclasses.replace(TEMPORARY, expires=now + 60))
    verify(signed(body(), credentials=TEMPORARY), Verifier(find), now)
    refused = refusal_of(signed(body(), credentials=TEMPORARY), Verifier(find), now + 60)
    assert refused == (403, "ExpiredTokenException")


def test_an_unknown_key_is_an_unrecognized_client() -> None:
    stranger = Credentials("AKIDOTHER", CREDENTIALS.secret_key)
    assert refusal_of(signed(body(), credentials=stranger)) == (403, "UnrecognizedClientException")


def test_a_wrong_secret_is_an_invalid_signature() -> None:
    wrong = Credentials(CREDENTIALS.access_key, "other")
    assert refusal_of(signed(body(), credentials=wrong)) == (403, "InvalidSignatureException")


def test_a_changed_request_is_an_invalid_signature() -> None:
    good = signed(body())
    for changes in ({"body": body(userId="other")}, {"method": "PUT"}, {"target": "/events?x=1"}):
        assert refusal_of(dataclasses.replace(good, **changes)) == (403, "InvalidSignatureException")
    assert refusal_of(with_headers(good, host="elsewhere")) == (403, "InvalidSignatureException")


def test_another_service_or_region_is_out_of_scope() -> None:
    for request in (signed(body(), service="personalize-events"), signed(body(), region="us-east-1")):
        assert refusal_of(request, Verifier(single_key(CREDENTIALS), REGION)) == (
            403,
            "InvalidSignatureException",
        )
    verify(signed(body(), region="us-east-1"))


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_15_minutes_off_is_an_expired_request(minutes: int) -> None:
    moment = datetime.now(UTC) + timedelta(minutes=minutes)
    assert refusal_of(signed_at(moment, body())) == (400, "RequestExpired")
    verify(signed_at(moment, body()), now=moment.timestamp() + 14 * 60)


def test_no_signature_is_a_missing_token() -> None:
    request = with_headers(signed(body()), authorization=None)
    assert refusal_of(request) == (403, "MissingAuthenticationTokenException")


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer token"},
        {"authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE"},
        {"x_amz_date": None},
        {"x_amz_date": "yesterday"},
        {"x_amz_date": "20000101T000000Z"},
        {"x_amz_unsigned": "1"},
        {"content_type": None},
    ],
)
def test_a_header_that_lacks_a_part_is_an_incomplete_signature(headers: dict[str, str | None]) -> None:
    assert refusal_of(with_headers(signed(body()), **headers)) == (403, "IncompleteSignature")


@pytest.mark.parametrize("hashed", ["0" * 64, "UNSIGNED-PAYLOAD"])
def test_a_content_hash_must_be_the_bodys(hashed: str) -> None:
    request = signed(body(), headers={"X-Amz-Content-SHA256": hashed})
    assert refusal_of(request) == (403, "InvalidSignatureException")


def test_a_content_hash_that_is_the_bodys_is_good() -> None:
    verify(signed(body(), headers={"X-Amz-Content-SHA256": hashlib.sha256(body()).hexdigest()}))


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(TEMPORARY)
    assert "token" not in repr(TEMPORARY).replace("token=", "")
