from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.loaders import Loader
from hypothesis import given
from hypothesis import strategies as st

from expectations.service import service_suite
from transforms.impression import MAX_ID_CHARACTERS

ENTRIES = service_suite().entries[:-1]  # the last one follows from the schema


@pytest.fixture(scope="module")
def shapes() -> dict[str, Any]:
    model = Loader().load_service_model("personalize-events", "service-2")
    found: dict[str, Any] = model["shapes"]
    return found


def kwargs_of(kind: str, column: str) -> dict[str, Any]:
    [found] = [e["kwargs"] for e in ENTRIES if e["type"] == kind and e["kwargs"]["column"] == column]
    return {key: value for key, value in found.items() if key != "column"}


def members(shapes: dict[str, Any]) -> dict[str, str]:
    """The shape of each string that a suite sees, by its column."""
    event = {name: member["shape"] for name, member in shapes["Event"]["members"].items()}
    request = {name: member["shape"] for name, member in shapes["PutEventsRequest"]["members"].items()}
    source = shapes["MetricAttribution"]["members"]["eventAttributionSource"]["shape"]
    return {
        **event,
        "userId": request["userId"],
        "sessionId": request["sessionId"],
        "eventAttributionSource": source,
    }


@pytest.mark.parametrize(
    "column",
    ["userId", "sessionId", "eventType", "itemId", "eventId", "recommendationId", "eventAttributionSource"],
)
def test_lengths_are_those_of_the_services_model(shapes: dict[str, Any], column: str) -> None:
    shape = shapes[members(shapes)[column]]
    limits = {"min_value": shape.get("min", 1), "max_value": shape["max"]}
    assert kwargs_of("expect_column_value_lengths_to_be_between", column) == limits


def test_properties_are_as_long_as_the_model_allows(shapes: dict[str, Any]) -> None:
    shape = shapes[members(shapes)["properties"]]
    limits = {"min_value": shape["min"], "max_value": shape["max"]}
    assert kwargs_of("expect_column_value_lengths_to_be_between", "_properties") == limits


def test_an_impression_is_as_long_as_the_model_allows(shapes: dict[str, Any]) -> None:
    impression = shapes["Impression"]
    item = shapes[impression["member"]["shape"]]
    between = "expect_column_values_to_be_between"
    assert kwargs_of(between, "_impression_size") == {
        "min_value": impression["min"],
        "max_value": impression["max"],
    }
    # What is empty counts among the bad ids.
    assert (item["min"], item["max"]) == (1, MAX_ID_CHARACTERS)
    assert kwargs_of(between, "_impression_long_ids") == {"max_value": 0}


def test_what_the_model_requires_may_not_be_null(shapes: dict[str, Any]) -> None:
    required = {*shapes["Event"]["required"], *shapes["PutEventsRequest"]["required"]} - {
        "trackingId",
        "eventList",
    }
    not_null = {e["kwargs"]["column"] for e in ENTRIES if e["type"] == "expect_column_values_to_not_be_null"}
    assert not_null == required


@given(st.one_of(st.text(max_size=8), st.text(alphabet=" ~!\x1f\x7fa\n", max_size=8)))
def test_the_attribution_pattern_accepts_what_the_models_does(text: str) -> None:
    model = Loader().load_service_model("personalize-events", "service-2")["shapes"]
    theirs = model["EventAttributionSource"]["pattern"].removeprefix("^").removesuffix("$")
    ours = kwargs_of("expect_column_values_to_match_regex", "eventAttributionSource")["regex"]
    assert bool(re.fullmatch(theirs, text)) == bool(re.search(ours.replace(r"\z", r"\Z"), text))


def test_every_rule_says_what_it_demands_and_names_its_source() -> None:
    assert all(entry["description"].endswith(".") and entry["meta"]["source"] for entry in ENTRIES)


def test_the_services_rules_cost_rows_and_never_the_run() -> None:
    assert {entry["severity"] for entry in ENTRIES} == {"warning"}


BEGUN_AT = datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def latest_sent_at(begun_at: datetime | None) -> int:
    """The largest `sentAt` that the built expectation allows, for any parameters of the suite."""
    built = list(service_suite(begun_at=begun_at).expectations())
    [bound] = [
        each.configuration.kwargs["max_value"]
        for each in built
        if each.expectation_type == "expect_column_values_to_be_between" and each.column == "sentAt"
    ]
    return int(bound)


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-11))])
def test_a_run_bounds_sent_at_by_its_beginning_and_a_day(zone: timezone) -> None:
    assert latest_sent_at(BEGUN_AT.astimezone(zone)) == int(BEGUN_AT.timestamp()) + 86_400


def test_without_a_run_sent_at_is_bounded_by_2100() -> None:
    assert latest_sent_at(None) == 4_102_444_799
