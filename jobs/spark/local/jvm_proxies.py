"""The proxy variables of the environment as the system properties that Java reads. Pure.

Java reads neither `HTTPS_PROXY` nor `NO_PROXY` ("Java Networking and Proxies", Oracle's guide to the
java.net properties). A user and password in the URL have no such property: Java would have to be given them
by code.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from urllib.parse import SplitResult, urlsplit

from jobs.errors import UsageError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOCAL = ("localhost", "127.*", "[::1]")
"""The hosts that Java itself excludes, unless it is given a list."""


def proxy_properties(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `https.proxyHost` and the like for `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`; lower case comes first.

    Raises:
        UsageError: a proxy's value is no URL.
    """
    skipped = _value(environ, "no_proxy")
    if "*" in _entries(skipped):
        return {}
    found: dict[str, str] = {}
    for scheme in ("http", "https"):
        if (proxy := _proxy(environ, scheme)) is not None:
            found[f"{scheme}.proxyHost"] = str(proxy.hostname)
            found[f"{scheme}.proxyPort"] = str(proxy.port or _DEFAULT_PORTS.get(proxy.scheme, 80))
    # One list for both schemes.
    return found | ({"http.nonProxyHosts": _non_proxy_hosts(skipped)} if found and skipped else {})


def has_proxy_password(environ: Mapping[str, str]) -> bool:
    """Return whether a proxy's URL names a user, which Java can't use."""
    proxies = (_proxy(environ, scheme) for scheme in ("http", "https"))
    return any(proxy is not None and proxy.username for proxy in proxies)


def _proxy(environ: Mapping[str, str], scheme: str) -> SplitResult | None:
    name = f"{scheme}_proxy"
    value = _value(environ, name)
    if not value:
        return None
    parts = urlsplit(value if "://" in value else f"http://{value}")
    try:
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            f"{name.upper()} can't be used: it is not a URL such as http://proxy:3128. Correct or unset it."
        )
    return parts


def _value(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""


def _entries(no_proxy: str) -> list[str]:
    return [entry for part in no_proxy.split(",") if (entry := part.strip())]


def _non_proxy_hosts(no_proxy: str) -> str:
    """Return Java's list: hosts with `*` at either end, separated by `|`, without networks such as 10.0.0.0/8."""
    patterns = list(_LOCAL)
    for entry in _entries(no_proxy):
        if "/" not in entry:
            patterns += _patterns(entry)
    return "|".join(dict.fromkeys(patterns))


def _patterns(entry: str) -> tuple[str, ...]:
    """Return the patterns of an entry: a host includes all below it, as in curl and Python; an address only itself."""
    host = entry.lstrip("*").lstrip(".")
    name, _, port = host.rpartition(":")
    host = name if port.isdecimal() and name and ":" not in name else host
    try:
        ip_network(host.strip("[]"))
    except ValueError:
        return host, f"*.{host}"
    return (host,)
