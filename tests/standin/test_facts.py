from __future__ import annotations

import json
from typing import Any

import pytest

from standin.facts import broken_fact, broken_id, broken_size, event_text
from tests.standin.signing import event


@pytest.mark.parametrize("value", ["", " ", "\t\n", "\u2003", "null", "NULL", " None ", "nan", "NaN"])
def test_an_id_that_means_nothing_is_refused(value: str) -> None:
    for name in ("eventType", "itemId", "eventId", "recommendationId"):
        assert name in str(broken_fact(event(**{name: value})))
    assert broken_fact(event(impression=["a", value])) is not None
    assert broken_id({"sessionId": value}, ("userId", "sessionId")) is not None


@pytest.mark.parametrize("value", ["nullable", "nano", "0", "none-such"])
def test_an_id_that_only_looks_like_one_of_them_passes(value: str) -> None:
    assert broken_fact(event(itemId=value)) is None


@pytest.mark.parametrize("sent_at", [0, 19_675, 1_700_000_000_000, 1_700_000_000_000_000, -1])
def test_a_time_in_another_unit_is_refused(sent_at: int) -> None:
    assert "sentAt" in str(broken_fact(event(sentAt=sent_at)))


def properties_fault(value: object) -> str | None:
    return broken_fact(event(properties=value if isinstance(value, str) else json.dumps(value)))


@pytest.mark.parametrize("value", [{}, {"discount": "5"}, {"discount": 5, "rate": 0.5}, {"tags": "a|b"}])
def test_properties_of_texts_and_numbers_pass(value: dict[str, Any]) -> None:
    assert properties_fault(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "not json",
        "",
        "[" * 1000,
        json.dumps(json.dumps({"discount": "5"})),
        [["discount", "5"]],
        [],
        5,
        {"discount": None},
        {"discount": True},
        {"discount": {"percent": "5"}},
        {"discount": ["5"]},
        {" ": "5"},
        '{"rate": NaN}',
        '{"rate": Infinity}',
        '{"discount": "5", "discount": "6"}',
    ],
)
def test_properties_are_one_flat_object_encoded_once(value: object) -> None:
    assert "properties" in str(properties_fault(value))


@pytest.mark.parametrize(
    "key",
    [
        "userId",
        "sessionId",
        "eventType",
        "timestamp",
        "recommendationId",
        "impression",
        "TIMESTAMP",
        "userid",
    ],
)
def test_a_reserved_key_is_refused_in_any_case(key: str) -> None:
    assert "reserved" in str(properties_fault({key: "5"}))


def test_an_impression_has_at_most_1000_characters_with_its_bars() -> None:
    assert broken_fact(event(impression=["a" * 249] * 4)) is None
    assert broken_fact(event(impression=["a" * 249] * 3 + ["a" * 251])) is not None


def test_an_event_has_at_most_10_kilobytes_of_utf_8() -> None:
    spare = 10_240 - len(event_text(event(itemId="")).encode())
    assert broken_size(event(itemId="é" * (spare // 2))) is None
    assert broken_size(event(itemId="é" * (spare // 2 + 1))) is not None
