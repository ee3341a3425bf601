"""The AWS session of this process, as boto3 makes it from environment, profile, role or instance."""

from __future__ import annotations

import os
from functools import lru_cache

import boto3
import botocore.session
from botocore.exceptions import BotoCoreError
from botocore.utils import IMDSRegionProvider

FALLBACK_REGION = "us-east-1"
"""Where S3 is asked for a bucket's region while no region is known at all."""


@lru_cache(maxsize=1)
def aws_session() -> boto3.Session:
    """Return the session that every client of this process is made of.

    `AWS_REGION` is its region where it is set: every other AWS SDK reads it, boto3 reads `AWS_DEFAULT_REGION` only.

    Raises:
        botocore.exceptions.BotoCoreError: the profile does not exist, or the AWS configuration file can't be read.
    """
    return boto3.Session(region_name=os.environ.get("AWS_REGION") or None)


def core_session() -> botocore.session.Session:
    """Return the botocore session below `aws_session()`: it tells what the AWS configuration file says."""
    return aws_session()._session  # noqa: SLF001 - boto3 has no public name for it


def ca_bundle() -> str | None:
    """Return the certificate bundle that the user names: `AWS_CA_BUNDLE`, or the profile's `ca_bundle`."""
    named = core_session().get_config_variable("ca_bundle")
    return str(named) if named else None


def forget_session() -> None:
    """Let the next `aws_session()` look for credentials again: a session keeps the keys that it found."""
    aws_session.cache_clear()


@lru_cache(maxsize=1)
def default_region() -> str | None:
    """Return the region of the AWS default chain: environment, profile, then the EC2 instance's own; None if unknown.

    boto3 stops before the instance. There is no connection to it where `AWS_EC2_METADATA_DISABLED` is true.
    """
    session = aws_session()
    if session.region_name:
        return str(session.region_name)
    try:
        found = IMDSRegionProvider(core_session()).provide()
    except BotoCoreError:
        return None
    return str(found) if found else None
