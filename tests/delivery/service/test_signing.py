"""The signed request is boto3's, byte for byte.

boto3 writes its JSON itself, with blanks and in the order of its caller's keys, so the bodies of the two
can't be compared as they are: boto3's body is handed to our signer, and everything else must then be equal.
That our own body says the same is tested by parsing it. The headers that boto3 adds unsigned (user agent,
retry telemetry) mean nothing to the service and are left out of the comparison.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime

import botocore.auth
import botocore.crt.auth
import pytest
from awscrt.http import HttpRequest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.session import Session

from delivery.service.credentials import CredentialSource
from delivery.service.endpoint import resolve_endpoint
from delivery.service.signing import Signer
from tests.delivery import aws_environment
from tests.delivery.boto3_client import boto3_service

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
EVENT = {
    "eventId": "e",
    "eventType": "view",
    "sentAt": 1_700_000_000,
    "itemId": "ü/\u2028",
    "properties": '{"a":"b"}',
    "impression": ["x", "y"],
    "eventValue": 1.5,
    "metricAttribution": {"eventAttributionSource": "mail"},
}
REQUEST = {"trackingId": "t", "userId": "u", "sessionId": "s", "eventList": [EVENT] * 10}
COMPARED = {"authorization", "content-length", "content-type", "host", "x-amz-date", "x-amz-security-token"}


class Captured(Exception):  # noqa: N818 - it ends boto3's call before anything is sent
    """Holds the request that boto3 was about to send."""


def boto3_request(region: str, url: str | None) -> AWSPreparedRequest:
    """What boto3 sends for `REQUEST`."""
    service = boto3_service(Session(), region, url, threads=1)

    def capture(request: AWSPreparedRequest, **_: object) -> None:
        raise Captured(request)

    service.meta.events.register("before-send.personalize-events.PutEvents", capture)
    with pytest.raises(Captured) as caught:
        service.put_events(**REQUEST)
    captured: AWSPreparedRequest = caught.value.args[0]
    return captured


def our_request(region: str, url: str | None, body: bytes) -> HttpRequest:
    """What our signer makes of a body."""
    session = Session()
    signer = Signer(
        resolve_endpoint(session, region, url), CredentialSource(session.get_credentials), NOW.timestamp
    )
    return signer.sign(body).request


def compared(headers: Iterable[tuple[str, str | bytes]]) -> dict[str, str]:
    """The headers that matter to the service, names in lower case, values as text."""
    pairs = [(name.lower(), value) for name, value in headers]
    return {
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in pairs
        if name in COMPARED
    }


@pytest.fixture(params=["", "session/token+with=signs=="])
def frozen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """One moment and one pair of keys, without and with a session token."""
    token = {"AWS_SESSION_TOKEN": request.param} if request.param else {}
    aws_environment.only(monkeypatch, **aws_environment.KEYS, **token)
    for module in (botocore.auth, botocore.crt.auth):
        monkeypatch.setattr(
            module,
            "get_current_datetime",
            lambda remove_tzinfo=True: NOW.replace(tzinfo=None if remove_tzinfo else UTC),
        )


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-west-1", None),
        ("us-east-1", None),
        ("cn-north-1", None),
        ("eu-west-1", "http://127.0.0.1:8080"),
        ("us-east-1", "http://localhost"),
        ("eu-west-1", "https://localhost:8443"),
        ("us-east-1", "https://proxy.example/pre/fix"),
        ("eu-west-1", "https://proxy.example/pre/fix/"),
        ("eu-west-1", "http://127.0.0.1:8080/a%20b/~c"),
    ],
)
def test_method_path_headers_signature_and_body_equal_boto3s(region: str, url: str | None) -> None:
    theirs = boto3_request(region, url)
    body = theirs.body
    ours = our_request(region, url, body)
    assert ours.method == theirs.method == "POST"
    assert theirs.url.split("//")[1].partition("/")[2] == ours.path[1:]
    expected = compared(theirs.headers.items())
    assert compared(ours.headers) == expected
    assert expected["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260304/")
    assert f"/{region}/personalize/aws4_request" in expected["authorization"]
    assert ("x-amz-security-token" in expected) == ("security-token" in expected["authorization"])
    assert ours.body_stream._stream.getvalue() == body


@pytest.mark.usefixtures("frozen")
def test_the_signature_equals_botocores_own_python_signer() -> None:
    # boto3 signs with the Common Runtime too where it is installed: this one is the independent witness.
    body = json.dumps(REQUEST).encode()
    ours = our_request("eu-west-1", "https://localhost:8443/x", body)
    keys = Session().get_credentials().get_frozen_credentials()
    theirs = AWSRequest(
        "POST", "https://localhost:8443/x/events", headers={"Content-Type": "application/json"}, data=body
    )
    SigV4Auth(Credentials(*keys), "personalize", "eu-west-1").add_auth(theirs)
    assert ours.headers.get("authorization") == theirs.headers["Authorization"]


def test_the_date_of_a_signature_follows_the_clock_and_so_do_the_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aws_environment.only(monkeypatch)
    now = [NOW.timestamp()]
    rotating = [Credentials("OLD", "s"), Credentials("NEW", "s")]
    session = Session()
    endpoint = resolve_endpoint(session, "eu-west-1", "http://127.0.0.1:1")
    current = rotating[0]

    class Rotating(Credentials):
        def get_frozen_credentials(self) -> ReadOnlyCredentials:
            return current.get_frozen_credentials()

    signer = Signer(endpoint, CredentialSource(lambda: Rotating("a", "b")), lambda: now[0])
    first = signer.sign(b"{}")
    current = rotating[1]
    now[0] += 1
    second = signer.sign(b"{}")
    dates = [signed.request.headers.get("x-amz-date") for signed in (first, second)]
    assert dates == ["20260304T050607Z", "20260304T050608Z"]
    assert "Credential=NEW/" in second.request.headers.get("authorization")
    assert second.keys.access_key == "NEW"


def test_after_a_refusal_for_its_date_a_request_is_dated_by_the_services_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aws_environment.only(monkeypatch, **aws_environment.KEYS)
    session = Session()
    endpoint = resolve_endpoint(session, "eu-west-1", "http://127.0.0.1:1")
    signer = Signer(endpoint, CredentialSource(session.get_credentials), NOW.timestamp)
    refused = signer.sign(b"{}")
    assert signer.correct_clock(refused, "Thu, 05 Mar 2026 00:00:00 GMT")
    signed = signer.sign(b"{}")
    assert signed.request.headers.get("x-amz-date") == "20260305T000000Z"
    assert "/20260305/eu-west-1/" in signed.request.headers.get("authorization")
    assert not signer.correct_clock(signed, "Thu, 05 Mar 2026 00:00:00 GMT")
