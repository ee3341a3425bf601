"""Requests signed by botocore, the reference that the stand-in's own verification is held against."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from unittest import mock

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys

from standin.endpoint import Request
from standin.keys import Credentials

CREDENTIALS = Credentials("AKIDEXAMPLE", "a/secret+key")
URL = "http://127.0.0.1:8080"
REGION = "eu-west-1"


def event(**changes: object) -> dict[str, Any]:
    """A valid event; a change to None takes the field away."""
    whole = {"eventId": "e-1", "eventType": "view", "sentAt": 1_700_000_000, "itemId": "i-1", **changes}
    return {key: value for key, value in whole.items() if value is not None}


def body(*events: dict[str, Any], **changes: object) -> bytes:
    """A request body with these events, or one valid event."""
    whole = {
        "trackingId": "t",
        "userId": "u",
        "sessionId": "s",
        "eventList": list(events) or [event()],
        **changes,
    }
    return json.dumps({key: value for key, value in whole.items() if value is not None}).encode()


def signed(
    content: bytes,
    *,
    credentials: Credentials = CREDENTIALS,
    service: str = "personalize",
    region: str = REGION,
    url: str = f"{URL}/events",
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> Request:
    """The request as the stand-in sees it, signed by botocore at its own clock's now."""
    request = AWSRequest(method, url, {"Content-Type": "application/json", **(headers or {})}, content)
    keys = Keys(credentials.access_key, credentials.secret_key, credentials.token)
    SigV4Auth(keys, service, region).add_auth(request)
    sent = {name.lower(): str(value) for name, value in request.headers.items()}
    target = url.removeprefix(URL)
    return Request(method, target, {"host": URL.removeprefix("http://"), **sent}, content)


def signed_at(moment: datetime, content: bytes) -> Request:
    """The request, signed when the clock showed `moment`."""
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        return signed(content)
