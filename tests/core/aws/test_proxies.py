"""Which proxy leads to an address: botocore's answer, taken apart."""

from __future__ import annotations

import pytest

from core.aws.proxies import Proxy, proxy_for
from core.aws.session import core_session
from core.errors import ProxyError
from delivery.service.endpoint import resolve_endpoint
from tests.delivery import aws_environment

S3 = "https://shop.s3.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("value", "proxy"),
    [
        ("http://proxy.example:3128", Proxy("proxy.example", 3128)),
        ("proxy.example:3128", Proxy("proxy.example", 3128)),
        ("http://proxy.example", Proxy("proxy.example", 80)),
        ("https://proxy.example/", Proxy("proxy.example", 443, tls=True)),
        ("http://u@proxy.example:3128", Proxy("proxy.example", 3128)),
        ("http://u:@proxy.example:3128", Proxy("proxy.example", 3128)),
        ("http://u%40x:p%3A@[::1]:8080", Proxy("::1", 8080, username="u@x", password="p:")),
    ],
)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_a_proxy_url_is_taken_apart(
    name: str, value: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws_environment.only(monkeypatch, **{name: value})
    assert proxy_for(S3) == proxy
    assert proxy_for("http://127.0.0.1:8080") is None, "HTTPS_PROXY is for https alone"


@pytest.mark.parametrize(
    "spared", ["*", ".amazonaws.com", "amazonaws.com", "shop.s3.eu-west-1.amazonaws.com"]
)
def test_no_proxy_spares_the_hosts_it_names(spared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    aws_environment.only(monkeypatch, HTTPS_PROXY="http://proxy:3128", NO_PROXY=spared)
    assert proxy_for(S3) is None


@pytest.mark.parametrize(
    "value", ["socks5://u:secret@proxy:1080", "http://:3128", "http://proxy:secret", "http://ü:secret@proxy"]
)
def test_what_is_no_proxy_is_refused_without_its_password(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws_environment.only(monkeypatch, HTTPS_PROXY=value)
    with pytest.raises(ProxyError, match="Correct HTTPS_PROXY") as caught:
        proxy_for(S3)
    assert "secret" not in str(caught.value)


def test_a_proxys_password_is_not_shown() -> None:
    assert "secret" not in repr(Proxy("proxy", 80, username="u", password="secret"))


def test_the_senders_endpoint_has_its_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    aws_environment.only(monkeypatch, HTTPS_PROXY="http://proxy:3128", AWS_DEFAULT_REGION="eu-west-1")
    assert resolve_endpoint(core_session(), "eu-west-1", None).proxy == Proxy("proxy", 3128)
    assert resolve_endpoint(core_session(), "eu-west-1", "http://127.0.0.1:1").proxy is None
