"""HTTP proxies by botocore's rule: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, upper or lower case.

botocore follows the variables by itself. The AWS Common Runtime and Spark's S3A don't, and get the proxy
found here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from botocore.utils import get_environ_proxies

from core.errors import ProxyError

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy. `tls`: the connection to the proxy itself is encrypted."""

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def proxy_for(url: str) -> Proxy | None:
    """Return the proxy that botocore would use for `url`, or None for a direct connection.

    Raises:
        ProxyError: the variable names no http or https URL.
    """
    found = get_environ_proxies(url).get(urlsplit(url).scheme)
    return _parse(found) if found else None


def _parse(text: str) -> Proxy:
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _unusable() from None
    # botocore sends a login as ASCII alone.
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or not unquote(parts.netloc).isascii():
        raise _unusable()
    has_login = bool(parts.username and parts.password)  # with one of the two alone, botocore sends none
    return Proxy(
        host=parts.hostname,
        port=port or _DEFAULT_PORTS[parts.scheme],
        tls=parts.scheme == "https",
        username=unquote(parts.username or "") if has_login else None,
        password=unquote(parts.password or "") if has_login else None,
    )


def _unusable() -> ProxyError:
    # Not the value itself: it may contain a password.
    return ProxyError(
        "the proxy of this environment can't be used: it is not an http:// or https:// URL in plain ASCII. "
        "Correct HTTPS_PROXY or HTTP_PROXY, or name the hosts that need none in NO_PROXY."
    )
