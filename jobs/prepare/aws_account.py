"""The AWS environment of a run: region, endpoint, and whether there are credentials.

boto3 resolves them. No credential leaves this module.
"""

from __future__ import annotations

from dataclasses import dataclass

import boto3
from botocore.exceptions import BotoCoreError

from core.aws.proxies import proxy_for
from core.aws.session import default_region
from jobs.config.delivery_settings import PersonalizeSettings
from jobs.errors import UsageError


@dataclass(frozen=True, slots=True)
class Service:
    """The PutEvents endpoint that the run talks to: an AWS region and a URL."""

    region: str
    endpoint_url: str


def resolve_service(settings: PersonalizeSettings, session: boto3.Session) -> Service:
    """Return the region and endpoint for `settings`, from them or from the AWS default chain.

    Raises:
        UsageError: there is no region, or an invalid one.
        ProxyError: the environment's proxy can't be used.
    """
    region = settings.region or default_region()
    if not region:
        raise UsageError("no AWS region: set personalize.region, or AWS_REGION in the environment.")
    try:
        client = session.client("personalize-events", region_name=region, endpoint_url=settings.endpoint_url)
    except (BotoCoreError, ValueError) as error:
        why = str(error).rstrip(".")
        raise UsageError(f"personalize.region or personalize.endpoint_url is not usable: {why}.") from None
    proxy_for(client.meta.endpoint_url)
    return Service(region, client.meta.endpoint_url)


def require_credentials(session: boto3.Session) -> None:
    """Check that there are credentials to sign requests with.

    Raises:
        UsageError: the AWS default chain has no credentials, or a profile that does not exist.
    """
    try:
        credentials = session.get_credentials()
    except BotoCoreError as error:
        raise UsageError(f"no AWS credentials: {error}.") from None
    if credentials is None:
        raise UsageError(
            "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or run under a role.",
        )
