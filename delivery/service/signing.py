"""PutEvents requests signed with AWS Signature Version 4, in the AWS Common Runtime.

The signed request equals boto3's, header for header: a differential test holds it to that.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import NamedTuple

import awscrt
from awscrt.auth import AwsCredentialsProvider, AwsSigningConfig, aws_sign_request
from awscrt.http import HttpHeaders, HttpRequest
from botocore.credentials import ReadOnlyCredentials

from delivery.service.credentials import CredentialSource
from delivery.service.endpoint import Endpoint
from delivery.service.service_clock import ServiceClock

# The model's `signingName`, which is not its `endpointPrefix`.
_SIGNING_NAME = "personalize"
# Signing takes a fraction of a millisecond: after this long it will not finish.
_SIGN_SECONDS = 5.0
_USER_AGENT = f"personalize-backfill awscrt/{awscrt.__version__}"


class Signed(NamedTuple):
    """A signed request, the keys that signed it and the Unix second that it is dated to."""

    request: HttpRequest
    keys: ReadOnlyCredentials
    second: int


class Signer:
    """A source of signed requests for one endpoint, for use by one thread.

    `clock` gives Unix seconds; it is corrected by the service's time. A signature is dated to the second,
    so the signing configuration, and with it the check of the credentials' age, is renewed once a second
    and not with each request.
    """

    def __init__(self, endpoint: Endpoint, credentials: CredentialSource, clock: Callable[[], float]) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._clock = ServiceClock(clock)
        self._dated: tuple[int, ReadOnlyCredentials, AwsSigningConfig] | None = None

    def sign(self, body: bytes) -> Signed:
        """Return the signed request.

        Raises:
            CredentialsError: there are no credentials that can be used.
            TimeoutError: signing did not finish.
            AwsCrtError: the Common Runtime could not sign.
        """
        second, keys, config = self._of_this_second()
        request = HttpRequest("POST", self._endpoint.path, self._headers(), BytesIO(body))
        aws_sign_request(request, config).result(_SIGN_SECONDS)
        # Added after signing because boto3 does not sign it either.
        request.headers.add("Content-Length", str(len(body)))
        return Signed(request, keys, second)

    def renew_keys(self, refused: Signed) -> bool:
        """Look up newer keys than those refused as expired; return whether there are any. Safe from any thread."""
        renewed = self._credentials.renew(refused.keys)
        if renewed:
            self._dated = None
        return renewed

    def correct_clock(self, refused: Signed, date: str | None) -> bool:
        """Learn the time from a refusal's `Date`; return whether the request was misdated. Safe from any thread."""
        return self._clock.correct(refused.second, date)

    def _of_this_second(self) -> tuple[int, ReadOnlyCredentials, AwsSigningConfig]:
        second, dated = int(self._clock.now()), self._dated
        if dated is None or dated[0] != second:
            keys = self._credentials.keys()
            dated = self._dated = (second, keys, self._configure(keys, second))
        return dated

    def _headers(self) -> HttpHeaders:
        return HttpHeaders(
            [
                ("Host", self._endpoint.host_header),
                ("Content-Type", "application/json"),
                ("User-Agent", _USER_AGENT),
            ]
        )

    def _configure(self, keys: ReadOnlyCredentials, second: int) -> AwsSigningConfig:
        provider = AwsCredentialsProvider.new_static(keys.access_key, keys.secret_key, keys.token)
        date = datetime.fromtimestamp(second, UTC)
        return AwsSigningConfig(
            credentials_provider=provider, region=self._endpoint.region, service=_SIGNING_NAME, date=date
        )
