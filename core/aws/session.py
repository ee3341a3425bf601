"""The AWS session of this process, as boto3 creates it from environment, profile, role or instance."""

from __future__ import annotations

import os
from functools import lru_cache

import boto3
import botocore.session
from botocore.exceptions import BotoCoreError
from botocore.utils import IMDSRegionProvider

FALLBACK_REGION = "us-east-1"
"""The region to ask for a bucket's region if none is configured."""


@lru_cache(maxsize=1)
def aws_session() -> boto3.Session:
    """Return the session that every client of this process is created from.

    Its region is `AWS_REGION` if that is set: every other AWS SDK reads it, boto3 reads
    `AWS_DEFAULT_REGION` only.

    Raises:
        botocore.exceptions.BotoCoreError: the profile does not exist, or the AWS configuration file can't
        be read.
    """
    return boto3.Session(region_name=os.environ.get("AWS_REGION") or None)


def core_session() -> botocore.session.Session:
    """Return the botocore session below `aws_session()`, to read the AWS configuration file."""
    return aws_session()._session  # noqa: SLF001 - boto3 has no public name for it


def ca_bundle() -> str | None:
    """Return the certificate bundle that is configured for this process; see `bundle_of`."""
    return bundle_of(core_session())


def bundle_of(session: botocore.session.Session) -> str | None:
    """Return the bundle that a client of `session` trusts, None if it is botocore's own.

    `AWS_CA_BUNDLE`, the profile's `ca_bundle`, or else `REQUESTS_CA_BUNDLE` (botocore.endpoint.EndpointCreator).
    """
    named = session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
    return str(named) if named else None


def forget_session() -> None:
    """Drop the session, so that the next `aws_session()` looks up credentials again."""
    aws_session.cache_clear()


@lru_cache(maxsize=1)
def default_region() -> str | None:
    """Return the region of the AWS default chain: environment, profile, then the EC2 instance's own; None if unknown.

    boto3 stops before the instance. The instance is not asked if `AWS_EC2_METADATA_DISABLED` is true.
    """
    session = aws_session()
    if session.region_name:
        return str(session.region_name)
    try:
        found = IMDSRegionProvider(core_session()).provide()
    except BotoCoreError:
        return None
    return str(found) if found else None
