"""The AWS session of this process, as boto3 creates it from environment, profile, role or instance."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache, partial
from json import JSONDecodeError
from typing import TypeVar

import boto3
import botocore.session
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError, CredentialRetrievalError
from botocore.utils import IMDSRegionProvider

FALLBACK_REGION = "us-east-1"
"""The region to ask for a bucket's region if none is configured."""


# The errors that callers handle. The last two come from a credential_process that is missing or prints no JSON.
_EXPECTED = (BotoCoreError, ClientError, JSONDecodeError, OSError)

_T = TypeVar("_T")


class ExpiredKeysError(CredentialRetrievalError):
    """The source of the credentials returned credentials that have already expired."""


class _Session(botocore.session.Session):
    """A session that raises only botocore's own errors when it looks up or refreshes credentials.

    botocore trusts what a credential_process prints. If that is not the document it expects, or has a time without a
    zone or in the past, any call that has to be signed raises one of Python's own errors.
    """

    def get_credentials(self) -> Credentials | None:
        """Return the credentials, None if there are none."""
        found = _explained(super().get_credentials)
        if found is not None and "get_frozen_credentials" not in vars(found):
            found.get_frozen_credentials = partial(  # type: ignore[method-assign]
                _explained, found.get_frozen_credentials
            )
        return found


def _explained(call: Callable[[], _T]) -> _T:
    """Return what `call` returns. Pass on only the type of an unexpected error: its text may quote keys."""
    try:
        return call()
    except _EXPECTED:
        raise
    except Exception as error:  # noqa: BLE001 - botocore's documentation lists none
        # botocore's only RuntimeError here: the refreshed credentials have expired too.
        kind = ExpiredKeysError if isinstance(error, RuntimeError) else CredentialRetrievalError
        raise kind(provider="the AWS default chain", error_msg=type(error).__name__) from None


@lru_cache(maxsize=1)
def aws_session() -> boto3.Session:
    """Return the session that every client of this process is created from.

    Its region is `AWS_REGION` if that is set: every other AWS SDK reads it, boto3 reads
    `AWS_DEFAULT_REGION` only.

    Raises:
        botocore.exceptions.BotoCoreError: the profile does not exist, or the AWS configuration file can't
        be read.
    """
    return boto3.Session(region_name=os.environ.get("AWS_REGION") or None, botocore_session=_Session())


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
