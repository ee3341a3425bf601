"""AWS Signature Version 4, verified: who signed a request, when, and whether the signature fits what arrived.

Header signatures only: no presigned URLs, no chunked payload signing, no SigV4A, for PutEvents uses none of
them. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote, unquote

from standin import refusal
from standin.keys import Credentials, FindKey

SERVICE = "personalize"
"""The signing name of personalize-events in botocore's model."""

MAX_SKEW_SECONDS = 15 * 60
"""A date stamp further than this from now has expired (the page in `refusal.py`)."""

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request,"
    r"\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """The content of an Authorization header: the key, its scope, the signed headers and the signature."""

    key: str
    date: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str


class Verifier:
    """A verifier of requests against the keys that `find_key` knows and, when given, one region.

    `clock_ahead` is how many seconds its clock is ahead of the given time.
    """

    def __init__(
        self,
        find_key: FindKey,
        region: str | None = None,
        clock_ahead: float = 0.0,
        service: str = SERVICE,
    ) -> None:
        self._service = service
        self._clock_ahead = clock_ahead
        self._find_key = find_key
        self._region = region

    def verify(self, method: str, target: str, headers: Mapping[str, str], body: bytes, now: float) -> None:
        """Return if the signature is good. `headers` have lower-case names; `now`, Unix time.

        Raises:
            Refusal: it is not.
        """
        claim = _claim(headers)
        now += self._clock_ahead
        credentials = self._credentials(claim, headers, now)
        self._refuse_scope(claim)
        stamp = headers.get("x-amz-date", "")
        _refuse_old(stamp, claim.date, now)
        request = _canonical_request(method, target, headers, claim.headers, body)
        expected = _signature(credentials, claim, stamp, request)
        if not hmac.compare_digest(expected, claim.signature):
            raise refusal.wrong_signature(
                "The request signature we calculated does not match the signature you provided."
            )

    def _credentials(self, claim: Claim, headers: Mapping[str, str], now: float) -> Credentials:
        known = self._find_key(claim.key)
        if known is None or headers.get("x-amz-security-token") != known.token:
            raise refusal.unknown_client()
        if known.expires is not None and known.expires <= now:
            raise refusal.expired_token()
        return known

    def _refuse_scope(self, claim: Claim) -> None:
        if claim.service != self._service:
            raise refusal.wrong_signature(
                f"Credential should be scoped to correct service: '{self._service}'."
            )
        if self._region not in {None, claim.region}:
            raise refusal.wrong_signature("Credential should be scoped to a valid region.")


def _signature(credentials: Credentials, claim: Claim, stamp: str, request: str) -> str:
    scope = f"{claim.date}/{claim.region}/{claim.service}/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
    key = _signing_key(credentials.secret_key, claim.date, claim.region, claim.service)
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _claim(headers: Mapping[str, str]) -> Claim:
    header = headers.get("authorization")
    if header is None:
        raise refusal.missing_signature()
    match = _AUTHORIZATION.fullmatch(header)
    if match is None:
        raise refusal.incomplete_signature("the Authorization header cannot be read")
    key, date, region, service, names, signature = match.groups()
    signed = tuple(names.split(";"))
    _refuse_unsigned(signed, headers)
    return Claim(key, date, region, service, signed, signature)


def _refuse_unsigned(signed: tuple[str, ...], headers: Mapping[str, str]) -> None:
    # The host and every x-amz header must be signed: else they could be changed on the way.
    due = {"host", *(name for name in headers if name.startswith("x-amz-"))}
    if not due <= set(signed):
        raise refusal.incomplete_signature("host and every x-amz header must be signed")
    if any(name not in headers for name in signed) or list(signed) != sorted(signed):
        raise refusal.incomplete_signature("a signed header is absent, or the names are not in order")


def _refuse_old(stamp: str, scope_date: str, now: float) -> None:
    seconds = _seconds(stamp)
    if seconds is None or not stamp.startswith(scope_date):
        raise refusal.incomplete_signature("the date is missing, unreadable or not the one of the scope")
    if abs(now - seconds) > MAX_SKEW_SECONDS:
        raise refusal.expired_request()


@lru_cache(maxsize=64)
def _seconds(stamp: str) -> float | None:
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _canonical_request(
    method: str, target: str, headers: Mapping[str, str], signed: tuple[str, ...], body: bytes
) -> str:
    path, _, query = target.partition("?")
    lines = "".join([f"{name}:{' '.join(headers[name].split())}\n" for name in signed])
    digest = hashlib.sha256(body).hexdigest()
    parts = (method, _canonical_path(path), _canonical_query(query), lines, ";".join(signed), digest)
    return "\n".join(parts)


@lru_cache(maxsize=64)
def _canonical_path(path: str) -> str:
    return quote(path, safe="/-_.~")


@lru_cache(maxsize=64)
def _canonical_query(query: str) -> str:
    pairs = [part.partition("=")[::2] for part in query.split("&") if part]
    return "&".join(sorted(f"{_encoded(name)}={_encoded(value)}" for name, value in pairs))


def _encoded(text: str) -> str:
    return quote(unquote(text), safe="-_.~")


@lru_cache(maxsize=64)
def _signing_key(secret_key: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
