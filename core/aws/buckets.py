"""A bucket's region and endpoint, looked up once per process and shared by boto3 and Spark's S3A.

Any S3 endpoint returns the region of any bucket of its partition in the header `x-amz-bucket-region`, even
when it denies access (Amazon S3 API Reference, HeadBucket).
"""

from __future__ import annotations

import base64
import hashlib
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from core.aws.proxies import Proxy, proxy_for
from core.aws.refusals import code_of
from core.aws.s3_errors import S3Error, cause_of, explain, explain_setting, is_passing_code
from core.aws.session import FALLBACK_REGION, aws_session, core_session, default_region, forget_session

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECTIONS = 64
"""Connections to S3 that a process keeps: as many as threads that read footers."""

_REGION_HEADER = "x-amz-bucket-region"
_NOT_FOUND = 404
# Other S3 servers don't know the checksums that botocore adds by default since 1.36.
_PLAIN = Config(request_checksum_calculation="when_required", response_checksum_validation="when_required")
# These need a checksum, and MD5 is the one that every server knows: S3 requires one for an object under a default
# retention (API Reference, "PutObject", Object Lock), and other servers require it to delete many objects at once.
_WITH_MD5 = ("PutObject", "DeleteObjects")
_PATIENT = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=CONNECTIONS,
)
_AS_AWS = Config(ignore_configured_endpoint_urls=True)  # type: ignore[call-arg]  # stubs lack it
_making = threading.RLock()  # a boto3 session is not safe for two threads that make clients of it


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket: its region, the S3 endpoint there, and how to reach it.

    own_endpoint    the endpoint comes from the environment or the AWS configuration file, not from AWS
    path_style      the bucket's name is in the path and not in the host name
    needs_endpoint  Java's AWS SDK does not find the endpoint by the region and the same environment
    """

    name: str
    region: str
    endpoint_url: str
    own_endpoint: bool
    path_style: bool
    proxy: Proxy | None
    needs_endpoint: bool = False


def find_bucket(name: str) -> Bucket:
    """Find the bucket's region with one HEAD request; send none if the endpoint is the user's own.

    Raises:
        S3Error: there is no such bucket, or S3 can't be reached.
        ProxyError: the environment's proxy can't be used.
    """
    with _making:
        return _found(name)


@lru_cache(maxsize=64)
def _found(name: str) -> Bucket:
    try:
        region, own = _region_of(name)
        client = _client(region, own_endpoint=own)
    except BotoCoreError as error:
        raise explain(error) from error
    # botocore names us-east-1's FIPS endpoint by a region that no host name contains.
    url = str(client.meta.endpoint_url).replace("aws-global", region)
    path_style = own and _style() != "virtual"
    ignores = _ignores_endpoints(url)
    if ignores:
        # An endpoint that ends in s3.amazonaws.com is none to S3A, and Java's SDK would take the one to be ignored.
        url = url.replace("//s3.amazonaws.com", f"//s3.{region}.amazonaws.com")
    named = own or _is_dual_stack_for_s3_alone(url) or ignores
    return Bucket(name, region, url, own, path_style, proxy_for(url), named)


def open_bucket(name: str, config: Config = _PATIENT) -> S3Client:
    """Return a boto3 client for a bucket, in the bucket's own region.

    Raises:
        S3Error: there is no such bucket, or S3 can't be reached.
        ProxyError: the environment's proxy can't be used.
    """
    bucket = find_bucket(name)
    try:
        with _making:
            return _client(bucket.region, own_endpoint=bucket.own_endpoint, config=config)
    except BotoCoreError as error:
        raise explain(error) from error


@lru_cache(maxsize=64)
def shared_client(name: str) -> S3Client:
    """Return this process's client for a bucket, safe for use from any thread.

    Raises:
        S3Error: there is no such bucket, or S3 can't be reached.
        ProxyError: the environment's proxy can't be used.
    """
    return open_bucket(name)


def renew_clients() -> None:
    """Look up credentials again, so that clients created from now on use newer ones if there are any."""
    forget_session()
    shared_client.cache_clear()


def forget_buckets() -> None:
    """Forget everything cached about AWS: session, region, buckets and clients."""
    renew_clients()
    default_region.cache_clear()
    _found.cache_clear()


def _region_of(name: str) -> tuple[str, bool]:
    """Return the bucket's region, and whether the endpoint is the user's own, which reports no region."""
    start = default_region() or FALLBACK_REGION
    asked = _client(start)
    own = asked.meta.endpoint_url != _client(start, config=_AS_AWS).meta.endpoint_url
    return (start if own else _ask(asked, name) or start), own


def _ask(client: S3Client, name: str) -> str | None:
    try:
        answer = cast("dict[str, Any]", client.head_bucket(Bucket=name))
    except ClientError as error:
        if is_passing_code(code_of(error)):  # without a region, and the usual one would be taken
            raise explain(error) from error
        answer = cast("dict[str, Any]", error.response)
    about = answer["ResponseMetadata"]
    region: str | None = about["HTTPHeaders"].get(_REGION_HEADER)
    if region is None and about["HTTPStatusCode"] == _NOT_FOUND:
        raise S3Error(cause_of("NoSuchBucket"))
    return region


def _client(region: str, *, own_endpoint: bool = False, config: Config = _PATIENT) -> S3Client:
    config = _PLAIN.merge(config)
    if own_endpoint and _style() is None:  # a self-hosted server rarely has a host name per bucket
        config = config.merge(Config(s3={"addressing_style": "path"}))
    try:
        client = aws_session().client("s3", region_name=region, config=config)
    except BotoCoreError:
        raise
    except (ValueError, OSError) as error:
        raise explain_setting(error) from error
    for operation in _WITH_MD5:
        client.meta.events.register(f"before-call.s3.{operation}", _add_md5)
    return client


def _add_md5(params: dict[str, Any], **_: object) -> None:
    """Add to a request the one checksum that every S3 server knows."""
    body = params["body"]
    content = body if isinstance(body, bytes) else body.getvalue()
    digest = hashlib.md5(content, usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()


def _is_dual_stack_for_s3_alone(url: str) -> bool:
    """Return whether the profile's section `s3` asks for dual-stack: only boto3 and the AWS CLI read that section."""
    return ".dualstack." in url and not core_session().get_config_variable("use_dualstack_endpoint")


def _ignores_endpoints(url: str) -> bool:
    """Return whether endpoints of the user's own are to be ignored; Java's SDK would take them for all that.

    Where it finds a dual-stack endpoint, it accepts no other one next to it (`require_aws_settings` refuses both).
    """
    return ".dualstack." not in url and bool(
        core_session().get_config_variable("ignore_configured_endpoint_urls")
    )


def _style() -> str | None:
    """Return the profile's `s3.addressing_style`, if it names one."""
    s3 = core_session().get_scoped_config().get("s3", {})
    return s3.get("addressing_style") if isinstance(s3, dict) else None
