"""The expectations over single rows: which of them name the rows that fail, and why the others can't. Pure.

They are all of Great Expectations 1.24's column map, column pair map and multicolumn map expectations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

PREDICATES = frozenset(
    {
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_column_pair_values_to_be_equal",
        "expect_column_pair_values_to_be_in_set",
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_be_null",
        "expect_column_values_to_match_regex",
        "expect_column_values_to_match_regex_list",
        "expect_column_values_to_not_be_in_set",
        "expect_column_values_to_not_be_null",
        "expect_column_values_to_not_match_regex",
        "expect_column_values_to_not_match_regex_list",
        "expect_multicolumn_sum_to_equal",
        "expect_multicolumn_values_to_be_equal",
        "expect_select_column_values_to_be_unique_within_record",
    }
)
"""Those whose condition is an expression of Spark's over one row."""

JSON_SCHEMA = "expect_column_values_to_match_json_schema"
STRFTIME = "expect_column_values_to_match_strftime_format"
IN_PYTHON = frozenset({"expect_column_values_to_be_json_parseable", JSON_SCHEMA, STRFTIME})
"""Those whose condition is a function in Python over one row."""

REPEATS = frozenset({"expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"})
"""Those that depend on how many rows have the same values: all events have to be sorted by them."""

COMPILED_TYPES = PREDICATES | IN_PYTHON | REPEATS

OF_TYPES = frozenset({"expect_column_values_to_be_of_type", "expect_column_values_to_be_in_type_list"})
"""Those that Great Expectations decides on Spark by the column's type: they hold for all rows or for none."""

_NO_ORDER = "events have no order"
_WHOLE = "it depends on figures of all rows, which are not known before they are checked"
_UNNAMED = {
    "expect_column_values_to_be_decreasing": _NO_ORDER,
    "expect_column_values_to_be_increasing": _NO_ORDER,
    "expect_column_value_z_scores_to_be_less_than": _WHOLE,
    "expect_column_values_to_not_be_outliers": _WHOLE,
}
_REGEX = "expect_column_values_to_match_regex"
_NOT_ON_SPARK = {
    "expect_column_values_to_be_dateutil_parseable": STRFTIME,
    "expect_column_values_to_match_like_pattern": _REGEX,
    "expect_column_values_to_match_like_pattern_list": f"{_REGEX}_list",
    "expect_column_values_to_not_match_like_pattern": "expect_column_values_to_not_match_regex",
    "expect_column_values_to_not_match_like_pattern_list": "expect_column_values_to_not_match_regex_list",
}


def names_rows(expectation: Expectation) -> bool:
    """Return whether the rows that fail are found while events are checked.

    Repeats are found that way only if their rows are rejected: for a report alone, Great Expectations' own count
    over the stage costs less.
    """
    kind = expectation.expectation_type
    return kind in COMPILED_TYPES and (kind not in REPEATS or _rejects(expectation))


def refusal(expectation: Expectation) -> str | None:
    """Return why an expectation can't be used with its severity, and what to do; None if it can."""
    kind = expectation.expectation_type
    if kind in _NOT_ON_SPARK:
        return f"Great Expectations can't evaluate it on Spark. Use {_NOT_ON_SPARK[kind]}."
    is_over_rows = getattr(expectation, "map_metric", None) is not None
    if not is_over_rows or kind in COMPILED_TYPES | OF_TYPES or not _rejects(expectation):
        return None
    why = _UNNAMED.get(kind, "this job doesn't know its condition")
    severity = expectation.severity.value
    return f"with severity {severity} it rejects the rows that fail, and can't name them: {why}. Use severity info."


def _rejects(expectation: Expectation) -> bool:
    return bool(expectation.severity.value != "info")
