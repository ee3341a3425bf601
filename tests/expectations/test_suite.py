from __future__ import annotations

import json
from typing import Any

import pytest

from expectations.errors import SuiteError
from expectations.library import known_expectation_types
from expectations.row_level import _NOT_ON_SPARK, _UNNAMED, COMPILED_TYPES, OF_TYPES
from expectations.suite import columns_named, parse_suite

NOT_NULL = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "itemId"}}


def suite_of(*entries: dict[str, Any], **more: object) -> str:
    return json.dumps({"name": "mine", "expectations": list(entries), **more})


def test_a_suite_as_great_expectations_writes_it_is_read() -> None:
    import great_expectations as gx  # noqa: PLC0415 - seconds that only this test should pay
    import great_expectations.expectations as gxe  # noqa: PLC0415

    between = gxe.ExpectColumnValuesToBeBetween(column="price", min_value=0, severity="info")
    not_null = gxe.ExpectColumnValuesToNotBeNull(column="itemId", mostly=0.9, notes="why")
    written = gx.ExpectationSuite(name="mine", expectations=[between, not_null])
    suite = parse_suite(json.dumps(written.to_json_dict()), "mine.json", ["price"])
    first, second = suite.expectations()
    assert (first.severity.value, first.min_value) == ("info", 0)
    assert (second.severity.value, second.mostly) == ("critical", 0.9)


def test_a_suite_of_release_0_18_is_read() -> None:
    old = {
        "expectation_suite_name": "old",
        "ge_cloud_id": None,
        "expectations": [
            {"expectation_type": "expect_column_to_exist", "kwargs": {"column": "userId"}, "meta": {}}
        ],
        "evaluation_parameters": {},
        "meta": {"great_expectations_version": "0.18.22"},
    }
    suite = parse_suite(json.dumps(old), "old.json")
    assert (suite.name, [each.expectation_type for each in suite.expectations()]) == (
        "old",
        ["expect_column_to_exist"],
    )


def test_a_mark_before_the_suite_is_passed_over() -> None:
    """Some editors begin a file with it; before the schema and the configuration it is no mistake either."""
    assert parse_suite("\ufeff" + suite_of(NOT_NULL), "mine.json").entries == (NOT_NULL,)


def test_suite_parameters_are_filled_in() -> None:
    entry = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "eventValue", "max_value": {"$PARAMETER": "most"}},
    }
    [only] = parse_suite(suite_of(entry, suite_parameters={"most": 5}), "mine.json").expectations()
    assert only.max_value == 5


def test_a_suite_may_not_choose_how_results_are_shown() -> None:
    shown = {**NOT_NULL, "kwargs": {"column": "itemId", "result_format": "COMPLETE"}}
    [entry] = parse_suite(suite_of(shown), "mine.json").entries
    assert "result_format" not in entry["kwargs"]


def test_the_same_rule_may_be_given_twice() -> None:
    assert len(parse_suite(suite_of(NOT_NULL, NOT_NULL), "mine.json").entries) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "mine.json is not JSON"),
        pytest.param("[" * 100_000, "mine.json is not JSON", id="deep"),
        ("[]", "not a Great Expectations suite"),
        ('{"name": "mine"}', "not a Great Expectations suite"),
        ('{"expectations": [7]}', "expectation 1: it is not a JSON object"),
        ('{"expectations": [{"kwargs": {}}]}', "expectation 1: it has no 'type'"),
        (
            '{"expectations": [{"type": "t", "kwargs": "x"}]}',
            "expectation 1: its 'kwargs' are not a JSON object",
        ),
        (
            suite_of({"type": "expect_column_values_to_be_nul", "kwargs": {}}),
            "expect_column_values_to_be_null",
        ),
        (suite_of({"type": "expect_column_values_to_be_null", "kwargs": {}}), "column: field required"),
        (suite_of({**NOT_NULL, "kwargs": {"column": "itemId", "mostly": 7}}), "mostly"),
        (suite_of({**NOT_NULL, "kwargs": {"column": "itemId", "colour": 7}}), "colour"),
        (suite_of({**NOT_NULL, "kwargs": {"column": "itemID"}}), "did you mean itemId"),
        (suite_of({**NOT_NULL, "kwargs": {"column": "_body_bytes"}}), "no column _body_bytes"),
        (suite_of({**NOT_NULL, "severity": "fatal"}), "expect_column_values_to_not_be_null"),
    ],
)
def test_a_suite_that_cannot_be_used_is_refused_with_its_cause(text: str, says: str) -> None:
    with pytest.raises(SuiteError, match=r"(?s)mine") as refusal:
        parse_suite(text, "mine.json")
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_mapped_property_is_a_column_of_events() -> None:
    entry = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "price", "min_value": 0}}
    [only] = parse_suite(suite_of(entry), "mine.json", ["price"]).expectations()
    assert columns_named(only) == ("price",)


def test_asking_whether_a_column_exists_may_name_any() -> None:
    entry = {"type": "expect_column_to_exist", "kwargs": {"column": "margin"}}
    assert parse_suite(suite_of(entry), "mine.json").entries[0]["kwargs"] == {"column": "margin"}


COLUMN = {"column": "itemId"}


@pytest.mark.parametrize("severity", ["critical", "warning"])
@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("expect_column_values_to_be_increasing", COLUMN),
        ("expect_column_values_to_be_decreasing", COLUMN),
        ("expect_column_value_z_scores_to_be_less_than", {**COLUMN, "threshold": 3, "double_sided": True}),
        ("expect_column_values_to_not_be_outliers", COLUMN),
    ],
)
def test_an_expectation_that_can_name_no_rows_must_not_reject_them(
    kind: str, kwargs: dict[str, Any], severity: str
) -> None:
    entry = {"type": kind, "kwargs": kwargs}
    with pytest.raises(SuiteError, match=rf"1, {kind}: with severity {severity} .*\. Use severity info\.$"):
        parse_suite(suite_of({**entry, "severity": severity}), "mine.json")
    assert parse_suite(suite_of({**entry, "severity": "info"}), "mine.json").entries


def test_an_expectation_that_spark_lacks_is_refused_with_another() -> None:
    entry = {"type": "expect_column_values_to_match_like_pattern", "kwargs": {**COLUMN, "like_pattern": "a%"}}
    for severity in ("critical", "info"):
        with pytest.raises(SuiteError, match="Use expect_column_values_to_match_regex"):
            parse_suite(suite_of({**entry, "severity": severity}), "mine.json")


def test_every_expectation_over_rows_is_compiled_or_refused() -> None:
    """A release of Great Expectations with another one must not let the rows pass that fail it."""
    from great_expectations.expectations.registry import get_expectation_impl  # noqa: PLC0415 - seconds

    kinds = [kind for kind in known_expectation_types() if hasattr(get_expectation_impl(kind), "map_metric")]
    over_rows = {kind for kind in kinds if get_expectation_impl(kind).map_metric is not None}
    assert over_rows == COMPILED_TYPES | OF_TYPES | _UNNAMED.keys() | _NOT_ON_SPARK.keys()
