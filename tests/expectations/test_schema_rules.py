from __future__ import annotations

from typing import Any

from expectations.schema_rules import PropertyRule, schema_rules


def kinds_and_columns(entries: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(entry["type"], entry["kwargs"]["column"]) for entry in entries}


def test_a_nullable_plain_text_property_must_only_be_readable() -> None:
    entries = schema_rules([PropertyRule("notes", "string", nullable=True, categorical=False)], [], 1)
    assert kinds_and_columns(entries[:-1]) == {("expect_column_values_to_be_in_set", "_unreadable_notes")}


def test_a_required_categorical_property_is_present_and_short() -> None:
    entries = schema_rules([PropertyRule("genre", "string", nullable=False, categorical=True)], [], 1)
    assert kinds_and_columns(entries) >= {
        ("expect_column_values_to_not_be_null", "genre"),
        ("expect_column_value_lengths_to_be_between", "genre"),
    }


def test_a_float_is_held_to_single_and_a_double_to_double_precision() -> None:
    rules = [PropertyRule(kind, kind, nullable=True, categorical=False) for kind in ("float", "double")]  # type: ignore[arg-type]
    limits = {
        e["kwargs"]["column"]: e["kwargs"]["max_value"]
        for e in schema_rules(rules, [], 2)
        if "max_value" in e["kwargs"]
    }
    assert limits["float"] == float.fromhex("0x1.fffffep+127")
    assert limits["double"] == float.fromhex("0x1.fffffffffffffp+1023")


def test_each_column_that_the_schema_requires_may_not_be_null() -> None:
    entries = schema_rules([], ["itemId", "eventValue"], 0)
    assert kinds_and_columns(entries) >= {
        ("expect_column_values_to_not_be_null", "itemId"),
        ("expect_column_values_to_not_be_null", "eventValue"),
    }


def test_event_types_and_metadata_columns_share_ten_places() -> None:
    last = schema_rules([], [], 3)[-1]
    assert (last["kwargs"]["max_value"], last["severity"]) == (7, "critical")


def test_every_rule_but_that_one_costs_rows_and_not_the_run() -> None:
    rules = [PropertyRule("price", "double", nullable=False, categorical=False)]
    assert {entry["severity"] for entry in schema_rules(rules, ["itemId"], 1)[:-1]} == {"warning"}
