from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from transforms.mapping import MappingSettings, SessionSettings, SourceSettings

MINIMUM: dict[str, Any] = {"eventType": "'click'", "sentAt": "ts"}


def test_keys_are_the_contracts_and_attributes_are_pythons() -> None:
    mapping = MappingSettings.model_validate(
        {**MINIMUM, "userId": "USER_ID", "eventAttributionSource": "src"}
    )
    assert (mapping.user_id, mapping.event_attribution_source) == ("USER_ID", "src")
    dumped = mapping.model_dump(by_alias=True)
    assert MappingSettings.model_validate(dumped) == mapping
    assert list(dumped)[:3] == ["userId", "sessionId", "eventType"]


def test_a_snake_case_key_is_unknown() -> None:
    with pytest.raises(ValidationError, match="user_id"):
        MappingSettings.model_validate({**MINIMUM, "user_id": "USER_ID"})


@pytest.mark.parametrize("missing", ["eventType", "sentAt"])
def test_event_type_and_time_are_required(missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        MappingSettings.model_validate({key: value for key, value in MINIMUM.items() if key != missing})


def test_a_time_is_an_expression_or_one_with_its_unit() -> None:
    assert MappingSettings.model_validate(MINIMUM).sent_at.unit is None
    with_unit = MappingSettings.model_validate({**MINIMUM, "sentAt": {"expr": "ts", "unit": "milliseconds"}})
    assert (with_unit.sent_at.expr, with_unit.sent_at.unit) == ("ts", "milliseconds")
    with pytest.raises(ValidationError, match="unit"):
        MappingSettings.model_validate({**MINIMUM, "sentAt": {"expr": "ts", "unit": "minutes"}})


def test_a_property_is_an_expression_or_one_with_its_key_and_null_leaves_it_out() -> None:
    properties = {"A": "a", "B": {"expr": "b", "key": "beta"}, "C": None, "D": 1.5}
    mapping = MappingSettings.model_validate({**MINIMUM, "properties": properties})
    assert {name: (entry.expr, entry.key) for name, entry in mapping.properties.items()} == {
        "A": ("a", None),
        "B": ("b", "beta"),
        "D": ("1.5", None),
    }
    assert MappingSettings.model_validate({**MINIMUM, "properties": None}).properties == {}


def test_a_number_is_a_constant_and_a_boolean_an_error() -> None:
    assert MappingSettings.model_validate({**MINIMUM, "eventValue": 1}).event_value == "1"
    with pytest.raises(ValidationError, match="eventValue"):
        MappingSettings.model_validate({**MINIMUM, "eventValue": True})


@pytest.mark.parametrize("key", ["userId", "eventType", "sentAt"])
def test_a_blank_expression_is_an_error(key: str) -> None:
    with pytest.raises(ValidationError, match=key):
        MappingSettings.model_validate({**MINIMUM, key: "  "})


def test_messages_never_repeat_a_value() -> None:
    with pytest.raises(ValidationError) as caught:
        MappingSettings.model_validate(
            {**MINIMUM, "userId": ["secret-user"], "eventValue": {"a": "secret-value"}}
        )
    assert "secret" not in str(caught.value)


def test_expressions_are_listed_by_the_contracts_keys() -> None:
    mapping = MappingSettings.model_validate({**MINIMUM, "itemId": "i", "properties": {"A": "a"}})
    assert mapping.expressions() == {"eventType": "'click'", "itemId": "i", "sentAt": "ts"}


def test_one_path_is_a_list_of_one() -> None:
    assert SourceSettings.model_validate({"path": "logs"}).path == ("logs",)
    several = SourceSettings.model_validate({"path": ["s3://b/a/", "s3a://b/c"], "select": None})
    assert (several.path, several.select) == (("s3://b/a/", "s3a://b/c"), ())


@pytest.mark.parametrize("path", [[], "", " ", None, 5, "hdfs://name/logs", "https://bucket/logs"])
def test_a_path_that_cannot_be_one_is_an_error(path: object) -> None:
    with pytest.raises(ValidationError, match="path"):
        SourceSettings.model_validate({"path": path})


@pytest.mark.parametrize("paths", [["a", "a/"], ["logs", "logs/day=1"], ["x/b", "x"]])
def test_no_file_is_read_twice(paths: list[str]) -> None:
    with pytest.raises(ValidationError, match="name each file once"):
        SourceSettings.model_validate({"path": paths})


def test_neighbours_with_a_common_start_do_not_overlap() -> None:
    assert SourceSettings.model_validate({"path": ["logs/day=1", "logs/day=10"]}).path[1] == "logs/day=10"


@pytest.mark.parametrize("gap", [0, -5, 1.5, "soon", 10_000_001])
def test_a_gap_is_a_positive_number_of_minutes(gap: object) -> None:
    with pytest.raises(ValidationError, match="gap_minutes"):
        SessionSettings.model_validate({"gap_minutes": gap})


def test_the_gap_is_thirty_minutes_unless_said() -> None:
    assert SessionSettings() == SessionSettings(gap_minutes=30, per_user=False)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        SessionSettings().gap_minutes = 5  # type: ignore[misc]
