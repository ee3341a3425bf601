"""The AWS environment of a run: region, endpoint, and whether there are credentials.

boto3 resolves them. No credential leaves this module.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from json import JSONDecodeError
from typing import TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.client import BaseClient
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    ValidationError,
)

from core.aws.proxies import proxy_for
from core.aws.s3_errors import explain, explain_setting
from core.aws.session import aws_session, core_session, default_region
from core.suggestions import nearest
from jobs.config.delivery_settings import PersonalizeSettings
from jobs.errors import UsageError

# What botocore reads from a profile without checking its form: a wrong one ends in an AttributeError or a TypeError.
_BLOCKS = frozenset({"s3", "api_versions"})
_VALUES = (
    frozenset(name for name, *_ in BOTOCORE_DEFAUT_SESSION_VARIABLES.values() if name)
    | {"endpoint_url", "services", "role_arn", "source_profile", "credential_source", "credential_process"}
) - _BLOCKS


# What botocore takes for no unless it is `true`, without a word; Java's SDK fails on all but `true` and `false`.
_SWITCHES = (
    "use_fips_endpoint",
    "use_dualstack_endpoint",
    "ignore_configured_endpoint_urls",
)


_IGNORED_NEXT_TO = ("ignore_configured_endpoint_urls", "use_dualstack_endpoint")
"""Java's SDK knows only the second: a dual-stack endpoint is then one that it can't build."""

_Client = TypeVar("_Client", bound=BaseClient)


@dataclass(frozen=True, slots=True)
class Service:
    """The PutEvents endpoint that the run talks to: an AWS region and a URL."""

    region: str
    endpoint_url: str


def require_aws_settings() -> None:
    """Check that the AWS configuration files can be read, and have the profile that the environment names.

    Raises:
        UsageError: they can't be read, lack it, or hold a setting in a form that botocore does not expect, or that
            Java's SDK can't follow.
    """
    try:
        aws_session()
        profile, services = core_session().get_scoped_config(), core_session().full_config.get("services", {})
    except BotoCoreError as error:
        raise UsageError(f"AWS can't be used: {explain(error)}.") from None
    _require_blocks(profile, _BLOCKS)
    for section in services.values():
        _require_blocks(section, section)
    for name in _VALUES & profile.keys():
        if isinstance(profile[name], dict):
            raise _malformed(name, "it is a block", "its value on the line of its name")
    for name in _SWITCHES:
        variable = f"AWS_{name.upper()}"
        for where, value in ((variable, os.environ.get(variable)), (name, profile.get(name))):
            if value and str(value).lower() not in {"true", "false"}:
                raise UsageError(
                    f"AWS can't be used: {where} is neither true nor false, so its meaning is not clear. Set it to one "
                    "of the two, or remove it."
                )
    _require_none_next_to_dual_stack(profile)


def _require_none_next_to_dual_stack(profile: Mapping[str, object]) -> None:
    configured = [name for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3") if os.environ.get(name)]
    configured += ["endpoint_url"] if "endpoint_url" in profile else []
    if configured and all(map(core_session().get_config_variable, _IGNORED_NEXT_TO)):
        raise UsageError(
            f"AWS can't be used: {configured[0]} is to be ignored, and Java's SDK takes it next to dual-stack. "
            "Remove it, or AWS_USE_DUALSTACK_ENDPOINT."
        )


def _require_blocks(section: Mapping[str, object], blocks: Iterable[str]) -> None:
    for name in blocks:
        if not isinstance(section.get(name, {}), dict):
            raise _malformed(
                name, "it is not a block", "each of its settings on an indented line below its name"
            )


def _malformed(name: str, why: str, form: str) -> UsageError:
    return UsageError(
        f"AWS can't be used: {name} in the AWS configuration file is not valid: {why}. Write {form}."
    )


def resolve_service(settings: PersonalizeSettings, session: boto3.Session) -> Service:
    """Return the region and endpoint for `settings`, from them or from the AWS default chain.

    Raises:
        UsageError: there is no region or an invalid one, or the credentials can't be read.
        ProxyError: the environment's proxy can't be used.
    """
    region = settings.region or default_region()
    if not region:
        raise UsageError(
            "no AWS region: neither configuration nor environment names one. Set personalize.region or AWS_REGION."
        )
    try:
        client = session.client("personalize-events", region_name=region, endpoint_url=settings.endpoint_url)
    except ValidationError as error:
        raise _unusable(str(error)) from None
    except BotoCoreError as error:
        raise UsageError(f"AWS can't be used: {explain(error)}.") from None
    except (ValueError, OSError) as error:
        if str(error).startswith("Invalid endpoint"):
            raise _unusable("it is not an http:// or https:// URL") from None
        raise UsageError(f"AWS can't be used: {explain_setting(error)}.") from None
    if not _is_url(client.meta.endpoint_url):
        raise _unusable("it is not an http:// or https:// URL")
    proxy_for(client.meta.endpoint_url)
    return Service(region, client.meta.endpoint_url)


def require_client(name: str, make: Callable[[], _Client]) -> _Client:
    """Return the client of the AWS service `name` that `make` makes, at the endpoint of the AWS default chain.

    Raises:
        UsageError: that endpoint is no URL.
    """
    try:
        client = make()
        if _is_url(client.meta.endpoint_url):
            return client
    except ValueError as error:
        if isinstance(error, BotoCoreError):
            raise
    raise UsageError(
        f"the endpoint of {name} is not usable: it is not an http:// or https:// URL. Correct "
        f"AWS_ENDPOINT_URL_{name.upper()} or AWS_ENDPOINT_URL, or endpoint_url in the AWS configuration file."
    )


def _is_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:  # of the port
        return False


def _unusable(why: str) -> UsageError:
    return UsageError(
        f"personalize.region or personalize.endpoint_url is not usable: {why.rstrip('.')}. Correct it."
    )


def require_region(
    service: Service,
    session: boto3.Session,
    resolve: Callable[[str, int], object] = socket.getaddrinfo,
) -> None:
    """Check that the region is one that has PutEvents, before hours of reading for an endpoint that does not exist.

    A region that botocore does not list for Personalize may be new, and few regions have a FIPS endpoint: then the name
    servers decide. An endpoint of the user's own is not checked, nor one behind a proxy, which may know other names.

    Raises:
        UsageError: no name server knows the endpoint, or the region is not spelled as AWS signs it.
    """
    host = urlsplit(service.endpoint_url).hostname or ""
    known = session.get_available_regions("personalize")
    ours = host.startswith("personalize-events") and proxy_for(service.endpoint_url) is None
    if not ours or (service.region in known and host.startswith("personalize-events.")):
        return
    why = _why_unknown(service.region, host, resolve)
    if why is None:
        return
    close = [each for each in nearest(service.region, known, limit=1) if each != service.region]
    hint = f"Did you mean {close[0]}? " if close else ""
    raise UsageError(
        f"the AWS region {service.region} has no PutEvents: {why}. {hint}"
        "Set personalize.region, or AWS_REGION in the environment."
    )


def _why_unknown(region: str, host: str, resolve: Callable[[str, int], object]) -> str | None:
    """Return why no request to `host` can succeed, None where one may."""
    if region != region.lower():
        return "AWS writes regions in lower case"
    return f"there is no {host}" if _is_unknown(host, resolve) else None


def _is_unknown(host: str, resolve: Callable[[str, int], object]) -> bool:
    """Return whether the name servers say that there is no such host; False where they can't be asked."""
    try:
        resolve(host, 443)
    except socket.gaierror as error:
        return error.errno == socket.EAI_NONAME
    return False


def require_credentials(session: boto3.Session) -> None:
    """Check that there are credentials to sign requests with; a role is assumed, a sign-in looked up.

    Raises:
        UsageError: the AWS default chain has none, or can't get them.
    """
    try:
        credentials = session.get_credentials()
        if credentials is not None:
            credentials.get_frozen_credentials()
    except (BotoCoreError, ClientError) as error:
        raise _no_credentials(error) from None
    except (JSONDecodeError, OSError) as error:
        raise UsageError(f"no AWS credentials: {explain_setting(error)}.") from None
    if credentials is None:
        raise UsageError(
            "no AWS credentials: the environment has none. "
            "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "or run under a role.",
        )


def _no_credentials(error: BotoCoreError | ClientError) -> UsageError:
    if isinstance(error, (EndpointConnectionError, ConnectTimeoutError, ReadTimeoutError)):
        return UsageError(
            "no AWS credentials: the service that gives them can't be reached. Check the network."
        )
    return UsageError(f"no AWS credentials: {explain(error)}.")
