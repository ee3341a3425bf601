"""The settings of sending are refused if they make no sense, and never shown in an error."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from jobs.config.delivery_settings import DeliverySettings, PersonalizeSettings


def test_the_defaults_are_the_documented_ones() -> None:
    assert DeliverySettings() == DeliverySettings(max_requests_per_second=500, max_attempts=8)
    settings = PersonalizeSettings(tracking_id="t")
    assert (settings.region, settings.endpoint_url) == (None, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_requests_per_second": 0},
        {"max_requests_per_second": -1},
        {"max_requests_per_second": float("inf")},
        {"max_requests_per_second": float("nan")},
        {"max_requests_per_second": "fast"},
        {"max_attempts": 0},
        {"max_attempts": 1.5},
        {"max_attempts": True},
        {"retries": 3},
    ],
)
def test_a_delivery_setting_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DeliverySettings.model_validate(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"tracking_id": ""},
        {"tracking_id": "  "},
        {"tracking_id": "x" * 257},
        {"tracking_id": "t", "region": " "},
        {"tracking_id": "t", "endpoint_url": "host:80"},
        {"tracking_id": "t", "endpoint_url": "ftp://host"},
        {"tracking_id": "t", "endpoint_url": "https://"},
        {"tracking_id": "t", "endpoint_url": "https://user:pw@host"},
        {"tracking_id": "t", "endpoint_url": "https://host?x=1"},
        {"tracking_id": "t", "endpoint_url": "http://host:port"},
    ],
)
def test_a_personalize_setting_that_makes_no_sense_is_refused_without_showing_it(
    wrong: dict[str, object],
) -> None:
    with pytest.raises(ValidationError) as caught:
        PersonalizeSettings.model_validate(wrong)
    assert "user:pw" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "https://vpce-1.example.com/prefix", "http://[::1]:80"]
)
def test_endpoints_with_port_and_prefix_are_accepted(url: str) -> None:
    assert PersonalizeSettings(tracking_id="t", endpoint_url=url).endpoint_url == url


def test_settings_can_not_be_changed() -> None:
    with pytest.raises(ValidationError):
        DeliverySettings().max_attempts = 3  # type: ignore[misc]
