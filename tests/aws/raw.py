"""Requests to a world past every SDK: any host, key, region, date and body, from outside of its namespace.

The connection goes to the world's address, under the host's name and with its certificate checked.
"""

from __future__ import annotations

import hashlib
import http.client
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from unittest import mock

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.aws.identity.keys import Key
from tests.aws.s3.payload import STREAMS, UNSIGNED
from tests.aws.world import AwsWorld


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The error's code in the XML; empty where there is none."""
        found = re.search(rb"<Code>(.+?)</Code>", self.body)
        return found[1].decode() if found else ""

    @property
    def refused(self) -> tuple[int, str]:
        return self.status, self.code


def ask(
    aws: AwsWorld,
    method: str,
    url: str,
    body: bytes = b"",
    *,
    key: Key | None,
    region: str = "eu-west-1",
    service: str = "s3",
    late: timedelta = timedelta(0),
    headers: Mapping[str, str] | None = None,
    after: Mapping[str, str] | None = None,
    sent: bytes | None = None,
    as_target: str | None = None,
    names_hash: bool = True,
) -> Answer:
    """Send a request to `url` (without its scheme), signed with `key` if there is one.

    `late`: how far the signer's clock is off. `after`: headers that are set once it is signed. `sent`: the body that
    goes out in place of the one that was signed, as `as_target` does in place of the path. `names_hash`: whether the
    body's hash has its header.
    """
    signed = signed_headers(
        method,
        url,
        body,
        key=key,
        region=region,
        service=service if names_hash else "plain s3",
        late=late,
        headers=headers or {},
    )
    host = url.partition("/")[0]
    connection = _Connection(aws, host)
    try:
        target = as_target or "/" + url.partition("/")[2]
        connection.request(method, target, body if sent is None else sent, {**signed, **(after or {})})
        answer = connection.getresponse()
        return Answer(
            answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        )
    finally:
        connection.close()


def signed_headers(
    method: str,
    url: str,
    body: bytes,
    *,
    key: Key | None,
    region: str,
    service: str = "s3",
    late: timedelta = timedelta(0),
    headers: Mapping[str, str],
) -> dict[str, str]:
    """The headers of a request as botocore signs it."""
    request = AWSRequest(method, f"https://{url}", {"Host": url.partition("/")[0], **headers}, body)
    if key is None:
        return dict(request.headers.items())
    named = headers.get("x-amz-content-sha256", "")
    digest = named if named in {*STREAMS, UNSIGNED} else hashlib.sha256(body).hexdigest()
    signer = {"s3": _OfDigest, "plain s3": _WithoutDigest}.get(service, SigV4Auth)
    auth = signer(
        Credentials(key.access_key, key.secret_key, key.token), service.rsplit(maxsplit=1)[-1], region
    )
    auth.digest = digest
    with mock.patch("botocore.auth.get_current_datetime", return_value=datetime.now(UTC) + late):
        auth.add_auth(request)
    return {name: str(value) for name, value in request.headers.items()}


class _OfDigest(S3SigV4Auth):  # type: ignore[misc]
    digest = ""

    def payload(self, _: AWSRequest) -> str:
        return self.digest


class _WithoutDigest(SigV4Auth):  # type: ignore[misc]
    """Signs as S3 is signed, but for the header that names the body's hash."""


class _Connection(http.client.HTTPSConnection):
    """One that leads to the world, for any host."""

    def __init__(self, aws: AwsWorld, host: str) -> None:
        super().__init__(host, 443, timeout=30)
        self._address = aws.address
        self._tls = ssl.create_default_context(cafile=aws.ca_file)

    def connect(self) -> None:
        connection = socket.create_connection((self._address, 443), 30)
        self.sock = self._tls.wrap_socket(connection, server_hostname=self.host)
