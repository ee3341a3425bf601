"""Java is given the environment's proxies in its own words."""

from __future__ import annotations

import pytest

from jobs.errors import UsageError
from jobs.spark.local.jvm_proxies import has_proxy_password, proxy_properties


def test_without_a_proxy_java_is_given_nothing() -> None:
    assert proxy_properties({}) == {}
    assert proxy_properties({"NO_PROXY": "localhost"}) == {}
    assert proxy_properties({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "*"}) == {}


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://proxy.example:3128", "proxy.example", "3128"),
        ("proxy.example:3128", "proxy.example", "3128"),
        ("http://proxy.example/", "proxy.example", "80"),
        ("https://proxy.example", "proxy.example", "443"),
        ("http://user:secret@proxy.example:8080", "proxy.example", "8080"),
        ("http://[::1]:3128", "::1", "3128"),
    ],
)
def test_a_proxy_is_named_by_host_and_port(url: str, host: str, port: str) -> None:
    expected = {"https.proxyHost": host, "https.proxyPort": port}
    assert proxy_properties({"HTTPS_PROXY": url}) == expected
    assert proxy_properties({"https_proxy": url, "HTTPS_PROXY": "http://other"}) == expected
    assert has_proxy_password({"HTTPS_PROXY": url}) == ("@" in url)


def test_what_needs_no_proxy_is_listed_as_java_reads_it() -> None:
    environ = {
        "HTTP_PROXY": "http://p:1",
        "NO_PROXY": ".corp.example, repo.example:8443,10.0.0.1,10.0.0.0/8,*.a.b",
    }
    found = proxy_properties(environ)
    assert found["http.nonProxyHosts"].split("|") == [
        "localhost",
        "127.*",
        "[::1]",
        "corp.example",
        "*.corp.example",
        "repo.example",
        "*.repo.example",
        "10.0.0.1",
        "a.b",
        "*.a.b",
    ]
    assert found["http.proxyHost"] == "p"


@pytest.mark.parametrize("url", ["http://", "http://proxy:port", "http://proxy:0", "http://proxy:99999"])
def test_a_proxy_that_is_not_a_url_is_named_without_its_value(url: str) -> None:
    with pytest.raises(UsageError, match=r"^HTTPS_PROXY can't be used") as problem:
        proxy_properties({"HTTPS_PROXY": url})
    assert url == "http://" or url not in str(problem.value)
