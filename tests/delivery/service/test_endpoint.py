"""The address is boto3's."""

from __future__ import annotations

from pathlib import Path

import certifi
import pytest
from botocore.exceptions import NoRegionError
from botocore.session import Session

from delivery.service.endpoint import Endpoint, parse_endpoint, resolve_endpoint
from tests.delivery import aws_environment


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "header"),
    [
        ("https://a.example", "a.example", 443, "/events", "a.example"),
        ("https://a.example:443/", "a.example", 443, "/events", "a.example"),
        ("http://127.0.0.1:8080", "127.0.0.1", 8080, "/events", "127.0.0.1:8080"),
        ("http://localhost:80/v1/", "localhost", 80, "/v1/events", "localhost"),
        ("https://a.example:8443/deep/er", "a.example", 8443, "/deep/er/events", "a.example:8443"),
        ("http://[::1]:8080", "::1", 8080, "/events", "[::1]:8080"),
    ],
)
def test_a_url_is_taken_apart(url: str, host: str, port: int, path: str, header: str) -> None:
    found = parse_endpoint(url, "eu-west-1", None)
    assert found == Endpoint(url.split(":", maxsplit=1)[0], host, port, path, header, "eu-west-1", None)


def test_the_default_is_the_regions_endpoint_and_the_usual_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    aws_environment.only(monkeypatch, AWS_DEFAULT_REGION="eu-central-1")
    found = resolve_endpoint(Session(), None, None)
    assert (found.host, found.region) == ("personalize-events.eu-central-1.amazonaws.com", "eu-central-1")
    assert found.ca_file is not None
    assert Path(found.ca_file).name in {Path(certifi.where()).name, "cacert.pem"}


def test_a_settings_region_and_url_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    aws_environment.only(
        monkeypatch, AWS_DEFAULT_REGION="eu-central-1", AWS_ENDPOINT_URL="http://other.example"
    )
    found = resolve_endpoint(Session(), "us-east-1", "http://127.0.0.1:9000/x")
    assert (found.host, found.port, found.path, found.region) == ("127.0.0.1", 9000, "/x/events", "us-east-1")


def test_the_environments_endpoint_and_ca_bundle_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    aws_environment.only(
        monkeypatch,
        AWS_DEFAULT_REGION="eu-central-1",
        AWS_ENDPOINT_URL_PERSONALIZE_EVENTS="https://localhost:8443",
        AWS_CA_BUNDLE="/trust/ca.pem",
    )
    found = resolve_endpoint(Session(), None, None)
    assert (found.host_header, found.ca_file) == ("localhost:8443", "/trust/ca.pem")


@pytest.mark.parametrize(
    "named",
    [
        {"AWS_CA_BUNDLE": "/trust/aws.pem"},
        {"REQUESTS_CA_BUNDLE": "/trust/company.pem"},
        {"AWS_CA_BUNDLE": "/trust/aws.pem", "REQUESTS_CA_BUNDLE": "/trust/company.pem"},
    ],
)
def test_the_bundle_is_the_one_that_botocores_own_client_trusts(
    monkeypatch: pytest.MonkeyPatch, named: dict[str, str]
) -> None:
    """Else a job would pass its checks, and fail where it begins to send."""
    aws_environment.only(monkeypatch, AWS_DEFAULT_REGION="eu-central-1", **named)
    client = Session().create_client("personalize-events")
    assert resolve_endpoint(Session(), None, None).ca_file == client._endpoint.http_session._verify


def test_no_region_anywhere_is_botocores_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    aws_environment.only(monkeypatch)
    with pytest.raises(NoRegionError):
        resolve_endpoint(Session(), None, None)
