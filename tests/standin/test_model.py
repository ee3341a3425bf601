from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.loaders import create_loader
from hypothesis import given
from hypothesis import strategies as st

from standin.model import LINEAR_PATTERNS, put_events_check
from tests.standin.signing import event

SHAPES = create_loader().load_service_model("personalize-events", "service-2")["shapes"]
broken = put_events_check()


def request(*events: dict[str, Any], **changes: object) -> dict[str, Any]:
    whole = {"trackingId": "t", "sessionId": "s", "eventList": list(events) or [event()], **changes}
    return {key: value for key, value in whole.items() if value is not None}


def with_source(text: str) -> dict[str, Any]:
    return request(event(metricAttribution={"eventAttributionSource": text}))


def test_a_request_with_every_member_passes() -> None:
    whole = event(
        eventValue=1.5,
        properties="{}",
        recommendationId="r",
        impression=["a"],
        metricAttribution={"eventAttributionSource": "mail"},
    )
    assert broken(request(whole, userId="u")) is None


@pytest.mark.parametrize("name", ["eventId", "eventType", "itemId", "properties", "recommendationId"])
def test_every_text_of_an_event_keeps_the_models_shortest_and_longest(name: str) -> None:
    shape = SHAPES[SHAPES["Event"]["members"][name]["shape"]]
    assert broken(request(event(**{name: "x" * shape["max"]}))) is None
    assert broken(request(event(**{name: "x" * shape["min"]}))) is None
    assert broken(request(event(**{name: "x" * (shape["max"] + 1)}))) is not None
    assert broken(request(event(**{name: "x" * (shape["min"] - 1)}))) is not None


@pytest.mark.parametrize("name", ["trackingId", "userId", "sessionId"])
def test_every_text_of_a_request_keeps_the_models_shortest_and_longest(name: str) -> None:
    assert broken(request(**{name: "x" * 256})) is None
    assert broken(request(**{name: "x" * 257})) is not None
    assert broken(request(**{name: ""})) is not None


@pytest.mark.parametrize("name", ["trackingId", "sessionId", "eventList"])
def test_a_request_lacks_no_required_member(name: str) -> None:
    assert f"'{name}'" in str(broken(request(**{name: None})))


@pytest.mark.parametrize("name", ["eventType", "sentAt"])
def test_an_event_lacks_no_required_member(name: str) -> None:
    assert f"'eventList.member.{name}'" in str(broken(request(event(**{name: None}))))


def test_lists_keep_the_models_sizes() -> None:
    assert broken(request(*[event()] * 10)) is None
    assert broken(request(*[event()] * 11)) is not None
    assert broken(request(eventList=[])) is not None
    assert broken(request(event(impression=["a"] * 25))) is None
    assert broken(request(event(impression=["a"] * 26))) is not None
    assert broken(request(event(impression=[]))) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"itemId": 7},
        {"eventType": ["view"]},
        {"sentAt": "1700000000"},
        {"sentAt": True},
        {"eventValue": "1"},
        {"eventValue": False},
        {"eventValue": float("nan")},
        {"eventValue": float("inf")},
        {"eventValue": 3.5e38},
        {"properties": {"discount": "5"}},
        {"impression": "a|b"},
        {"impression": [1]},
        {"metricAttribution": "mail"},
        {"metricAttribution": {}},
        {"discount": "5"},
    ],
)
def test_a_wrong_type_or_an_unknown_member_is_refused(changes: dict[str, Any]) -> None:
    assert broken(request(event(**changes))) is not None


@pytest.mark.parametrize("value", [None, [], "text", 1])
def test_what_is_no_object_is_refused(value: object) -> None:
    assert broken(value) is not None


def test_a_null_member_is_not_an_absent_one() -> None:
    assert broken({**request(), "userId": None}) is not None


def test_a_message_never_shows_the_value() -> None:
    assert "secret" not in str(broken(request(event(itemId="secret" * 100))))


def test_the_attribution_source_is_printable_and_not_blank() -> None:
    assert broken(with_source("a mail ")) is None
    assert broken(with_source("   ")) is not None
    assert broken(with_source("naïve")) is not None
    assert broken(with_source("line\n")) is not None


def test_a_long_wrong_text_is_refused_in_linear_time() -> None:
    assert broken(with_source("a" * 1023 + "é")) is not None


@given(st.text(alphabet=st.characters(min_codepoint=0x1E, max_codepoint=0x80), max_size=12))
def test_a_linear_pattern_matches_what_the_models_own_matches(text: str) -> None:
    pattern = SHAPES["EventAttributionSource"]["pattern"]
    # The model's dollar sign means the end, which Python's also finds before a last line feed.
    models = re.fullmatch(pattern.replace("$", r"\Z"), text)
    assert (re.fullmatch(LINEAR_PATTERNS[pattern], text) is None) == (models is None)
