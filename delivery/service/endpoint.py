"""The address of the service, as botocore resolves it from region, settings and environment."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.httpsession import get_cert_path
from botocore.session import Session

from core.aws.proxies import Proxy, proxy_for
from core.aws.session import bundle_of
from delivery.request import SERVICE

# The model's operation PutEvents: `POST /events`.
_OPERATION_PATH = "/events"
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address: `path` is that of PutEvents, prefix included; `host_header` omits a default port."""

    scheme: str
    host: str
    port: int
    path: str
    host_header: str
    region: str
    ca_file: str | None
    proxy: Proxy | None = None


def parse_endpoint(url: str, region: str, ca_file: str | None, proxy: Proxy | None = None) -> Endpoint:
    """Return the endpoint for a base URL, joined with the operation's path as botocore joins them."""
    parts = urlsplit(url)
    host, default = parts.hostname or "", _DEFAULT_PORTS[parts.scheme]
    port = parts.port or default
    shown = f"[{host}]" if ":" in host else host
    header = shown if port == default else f"{shown}:{port}"
    path = parts.path.removesuffix("/") + _OPERATION_PATH
    return Endpoint(parts.scheme, host, port, path, header, region, ca_file, proxy)


def resolve_endpoint(session: Session, region: str | None, endpoint_url: str | None) -> Endpoint:
    """Return the endpoint that a boto3 client of this session would use, with its proxy and CA bundle.

    `session` is a `botocore.session.Session`. The CA bundle is the configured one, else the one that botocore ships or
    certifi's.

    Raises:
        botocore.exceptions.NoRegionError: no region is known.
    """
    meta = session.create_client(SERVICE, region_name=region, endpoint_url=endpoint_url).meta
    ca_file = bundle_of(session) or get_cert_path(True)
    return parse_endpoint(meta.endpoint_url, meta.region_name, ca_file, proxy_for(meta.endpoint_url))
