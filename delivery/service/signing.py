"""Signs PutEvents requests with AWS Signature Version 4, in the AWS Common Runtime.

The signed request equals boto3's, header for header: a differential test holds it to that. It sends nothing.
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
# It takes a fraction of a millisecond: who takes so long never ends.
_SIGN_SECONDS = 5.0
_USER_AGENT = f"personalize-backfill awscrt/{awscrt.__version__}"


class Signed(NamedTuple):
    """A signed request, the keys that signed it and the Unix second that it is dated to."""

    request: HttpRequest
    keys: ReadOnlyCredentials
    second: int


class Signer:
    """Makes signed requests for one endpoint; meant for one thread.

    `clock` gives Unix seconds; it is corrected where the service knows better. A signature is dated to the
    second, so the signing configuration, and with it the look at the credentials' age, is renewed once a second
    and not with each request.
    """

    def __init__(self, endpoint: Endpoint, credentials: CredentialSource, clock: Callable[[], float]) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._clock = ServiceClock(clock)
        self._dated: tuple[int, ReadOnlyCredentials, AwsSigningConfig] | None = None

    def sign(self, body: bytes) -> Signed:
        """The signed request; raises `CredentialsError`, `TimeoutError` or awscrt's errors."""
        second, keys, config = self._of_this_second()
        request = HttpRequest("POST", self._endpoint.path, self._headers(), BytesIO(body))
        aws_sign_request(request, config).result(_SIGN_SECONDS)
        # Added late because boto3 does not sign it either.
        request.headers.add("Content-Length", str(len(body)))
        return Signed(request, keys, second)

    def renew_keys(self, refused: Signed) -> bool:
        """Look for newer keys than the ones refused as expired; True if there are any. Any thread may ask."""
        renewed = self._credentials.renew(refused.keys)
        if renewed:
            self._dated = None
        return renewed

    def correct_clock(self, refused: Signed, date: str | None) -> bool:
        """Learn the service's time from a refusal's `Date`; True if the request was misdated. Any thread may ask."""
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
