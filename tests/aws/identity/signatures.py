"""Who sent a request: AWS Signature Version 4 in its header, computed again by botocore's own signer.

Source: IAM User Guide, "AWS Signature Version 4 for API requests". Each service has its own words for what is wrong,
so what is raised here names only the kind.
"""

from __future__ import annotations

import hmac
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from tests.aws.identity.keys import Key, KeyRing
from tests.aws.network.http import Request

MAX_SKEW_SECONDS = 15 * 60
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request, *"
    r"SignedHeaders=([^,\s]+), *Signature=([0-9a-f]{64})"
)


class Unsigned(Exception):  # noqa: N818 - the services' own errors are made of it
    """A request that is not taken for anyone's; `kind` is one of the words in `check`."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True)
class Claim:
    """What the header says."""

    access_key: str
    date: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str


@dataclass(frozen=True)
class Signed:
    """A request that `key` signed; `sign` signs what follows from it, such as a chunk of its body."""

    key: Key
    claim: Claim
    stamp: str
    signer: SigV4Auth

    @property
    def scope(self) -> str:
        return f"{self.claim.date}/{self.claim.region}/{self.claim.service}/aws4_request"

    def sign(self, text: str) -> str:
        """The signature of `text` under the request's signing key."""
        request = AWSRequest()
        request.context["timestamp"] = self.stamp
        return str(self.signer.signature(text, request))


def claim_of(request: Request) -> Claim | None:
    """The claim in the header, unchecked; None where there is no such header.

    Raises:
        Unsigned: `malformed`.
    """
    header = request.headers.get("authorization")
    if header is None:
        return None
    match = _AUTHORIZATION.fullmatch(header)
    if match is None:
        raise Unsigned("malformed")
    key, date, region, service, names, signature = match.groups()
    return Claim(key, date, region, service, tuple(names.split(";")), signature)


def check(request: Request, keys: KeyRing, service: str, region: str, now: float | None = None) -> Signed:
    """Who signed `request` for `service` in `region`.

    Raises:
        Unsigned: missing, malformed, unknown key, wrong token, expired, skewed, wrong region, wrong service,
            unsigned header, wrong signature.
    """
    claim = claim_of(request)
    if claim is None:
        raise Unsigned("missing")
    now = time.time() if now is None else now
    key = _key(claim, keys, request.headers.get("x-amz-security-token"), now)
    stamp = _fresh(request, claim, now)
    if claim.region != region:
        raise Unsigned("wrong region")
    if claim.service != service:
        raise Unsigned("wrong service")
    due = {"host", *(name for name in request.headers if name.startswith("x-amz-"))}
    if not due <= set(claim.headers):
        raise Unsigned("unsigned header")
    signed = Signed(key, claim, stamp, _signer(claim, key))
    if not hmac.compare_digest(_signature(request, signed), claim.signature):
        raise Unsigned("wrong signature")
    return signed


def _key(claim: Claim, keys: KeyRing, token: str | None, now: float) -> Key:
    key = keys.find(claim.access_key)
    if key is None:
        raise Unsigned("unknown key")
    if key.token != token:
        raise Unsigned("wrong token")
    if key.expires is not None and key.expires <= now:
        raise Unsigned("expired")
    return key


def _fresh(request: Request, claim: Claim, now: float) -> str:
    stamp = request.headers.get("x-amz-date", "")
    try:
        moment = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise Unsigned("malformed") from None
    if not stamp.startswith(claim.date):
        raise Unsigned("malformed")
    if abs(moment - now) > MAX_SKEW_SECONDS:
        raise Unsigned("skewed")
    return stamp


def _signer(claim: Claim, key: Key) -> SigV4Auth:
    kind = _S3Signer if claim.service == "s3" else _Signer
    signer = kind(Credentials(key.access_key, key.secret_key), claim.service, claim.region)
    signer.names = claim.headers
    return signer


def _signature(request: Request, signed: Signed) -> str:
    path, _, query = request.target.partition("?")
    url = f"https://{request.headers['host']}{quote(unquote(path), safe='/-_.~')}?{_canonical(query)}"
    again = AWSRequest(request.method, url, request.headers, request.body)
    again.context["timestamp"] = signed.stamp
    text = signed.signer.string_to_sign(again, signed.signer.canonical_request(again))
    return str(signed.signer.signature(text, again))


def _canonical(query: str) -> str:
    # As S3 does, for any encoding by the client: decoded, and encoded by the one rule.
    pairs = [part.partition("=") for part in query.split("&") if part]
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, _, value in pairs)


def _encoded(text: str) -> str:
    return quote(unquote(text), safe="-_.~")


class _NamedHeaders:
    """The headers that the client says it signed, in place of those that botocore itself would sign."""

    names: tuple[str, ...] = ()

    def headers_to_sign(self, request: Any) -> HTTPHeaders:  # noqa: ANN401 - botocore's AWSRequest
        named = HTTPHeaders()
        for name in self.names:
            named[name] = request.headers.get(name, "")
        return named


class _Signer(_NamedHeaders, SigV4Auth):  # type: ignore[misc]
    pass


class _S3Signer(_NamedHeaders, S3SigV4Auth):  # type: ignore[misc]
    pass
