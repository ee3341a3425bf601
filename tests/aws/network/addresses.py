"""AWS's host names, both ways: which names a world has to answer to, and what a name that came says.

Sources: AWS General Reference, "Amazon S3 endpoints and quotas"; Amazon S3 User Guide, "Virtual hosting of buckets".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

GLOBAL_REGION = "us-east-1"
"""The region that a global host is in, and whose signatures it takes."""

_S3 = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3(?P<fips>-fips)?(?P<dual>\.dualstack)?"
    r"(?:[.-](?P<region>[a-z]{2}(?:-[a-z]+)+-\d))?\.amazonaws\.com"
)


@dataclass(frozen=True)
class S3Address:
    """Which bucket and key a request is about, and at which region's door; None for the global door."""

    bucket: str | None
    key: str | None
    region: str | None
    virtual: bool

    @property
    def target(self) -> str:
        """The path in path style."""
        if self.bucket is None:
            return "/"
        return f"/{self.bucket}" if self.key is None else f"/{self.bucket}/{self.key}"


def s3_address(host: str, path: str) -> S3Address | None:
    """What host and (encoded) path say, the key still encoded; None for a host that is not S3's."""
    match = _S3.fullmatch(host)
    if match is None:
        return None
    if match["bucket"] is not None:
        return S3Address(match["bucket"], path.removeprefix("/") or None, match["region"], virtual=True)
    bucket, _, key = path.removeprefix("/").partition("/")
    return S3Address(bucket or None, key or None, match["region"], virtual=False)


def s3_hosts(regions: Iterable[str]) -> list[str]:
    """S3's own hosts of these regions, the global one included."""
    hosts = ["s3.amazonaws.com"]
    for region in regions:
        hosts += [f"s3.{region}.amazonaws.com", f"s3.dualstack.{region}.amazonaws.com"]
        if region.startswith(("us-", "ca-")):  # the regions that have FIPS endpoints
            hosts += [f"s3-fips.{region}.amazonaws.com", f"s3-fips.dualstack.{region}.amazonaws.com"]
    return hosts


def region_of(host: str) -> str:
    """The region in a regional host, `us-east-1` for a global one."""
    parts = host.removesuffix(".amazonaws.com").split(".")
    return parts[1] if len(parts) > 1 else GLOBAL_REGION


def other_hosts(regions: Iterable[str]) -> list[str]:
    """The hosts of STS, Personalize's control plane and CloudWatch."""
    services = ("sts", "personalize", "monitoring")
    regional = [f"{service}.{region}.amazonaws.com" for region in regions for service in services]
    return ["sts.amazonaws.com", *regional]


def events_hosts(region: str) -> list[str]:
    """The hosts of Personalize's PutEvents in one region."""
    return [f"personalize-events.{region}.amazonaws.com", f"personalize-events-fips.{region}.amazonaws.com"]


def certified(regions: Iterable[str]) -> list[str]:
    """The names that a certificate for all of it holds; as on AWS, a bucket with a dot in its name has none."""
    regions = list(regions)
    s3 = s3_hosts(regions)
    events = [host for region in regions for host in events_hosts(region)]
    return [*s3, *(f"*.{host}" for host in s3), *other_hosts(regions), *events]


def hosts_file(addresses: Mapping[str, str], before: str = "") -> str:
    """A hosts file that says `before` and each host's address."""
    return before.rstrip("\n") + "\n" + "".join(f"{address} {host}\n" for host, address in addresses.items())
