from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from expectations.compiler import compile_suites
from expectations.documents import write_validation
from expectations.errors import RuleCrashedError
from expectations.judge import judge
from expectations.service import service_suite
from expectations.suite import Suite
from expectations.verdict import Verdict
from tests.expectations.price_rule import price_rule

if TYPE_CHECKING:
    from tests.expectations.conftest import Events, Tally

pytestmark = pytest.mark.spark

VerdictOn = Callable[..., Verdict]


@pytest.fixture
def verdict_on(events: Events, tally: Tally) -> VerdictOn:
    def run(entries: list[dict[str, Any]], *changes: dict[str, Any]) -> Verdict:
        frame = events(*changes)
        rules = compile_suites(frame, Suite("mine", "user", tuple(entries)))
        return judge(rules, tally(rules, frame)[1], frame if rules.scan_columns() else None)

    return run


@pytest.mark.parametrize("severity", ["critical", "warning", "info"])
def test_only_a_critical_rule_that_fails_as_a_whole_refuses(verdict_on: VerdictOn, severity: str) -> None:
    verdict = verdict_on([price_rule(severity, max_value=5)], {"price": 9.0}, {"price": 1.0})
    assert verdict.refused == (severity == "critical")
    assert (verdict.success, len(verdict.failures)) == (False, 1)


@pytest.mark.parametrize("mostly", [0.4, 0.5, 0.51])
def test_a_critical_rule_holds_by_its_own_mostly(verdict_on: VerdictOn, mostly: float) -> None:
    rows = [{"price": 9.0}, {"price": 1.0}, {"price": None}]
    assert verdict_on([price_rule("critical", max_value=5, mostly=mostly)], *rows).refused == (mostly > 0.5)


def test_a_failure_is_reported_in_a_sentence_with_its_counts(verdict_on: VerdictOn) -> None:
    entry = price_rule("warning", max_value=5) | {"description": "Nothing costs more than 5."}
    verdict = verdict_on([entry], {"price": 9.0}, {"price": 1.0}, {"price": None})
    assert verdict.failures == (
        "expect_column_values_to_be_between(price) (warning) failed for 1 of 2 rows. Nothing costs more than 5.",
    )


def test_critical_failures_are_reported_first(verdict_on: VerdictOn) -> None:
    verdict = verdict_on(
        [price_rule("info", max_value=5), price_rule("critical", max_value=6)], {"price": 9.0}
    )
    assert ["(critical)" in sentence for sentence in verdict.failures] == [True, False]


def test_a_rule_that_names_no_rows_still_gates(verdict_on: VerdictOn) -> None:
    known = {
        "type": "expect_column_distinct_values_to_be_in_set",
        "kwargs": {"column": "itemId", "value_set": ["a"]},
    }
    verdict = verdict_on([known], {}, {})
    assert (verdict.refused, verdict.results[0].failed, verdict.rejected_by_reason) == (True, None, {})


def test_too_many_event_types_refuse_and_dirty_ones_do_not_count(events: Events, tally: Tally) -> None:
    def refused(metadata_columns: int, *types: str | None) -> bool:
        frame = events(*({"eventType": each} for each in types))
        rules = compile_suites(frame, service_suite(metadata_columns=metadata_columns))
        assert (rules.scan_columns(), rules.distinct_columns()) == ((), ("_distinct_0",))
        return judge(rules, tally(rules, frame)[1]).refused

    assert not refused(8, "view", "click", None, "", " null ", "NaN", "x" * 257)
    assert refused(8, "view", "click", "buy")


def test_a_table_rule_counts_the_columns_that_a_suite_sees(verdict_on: VerdictOn) -> None:
    count = {"type": "expect_table_column_count_to_equal", "kwargs": {"value": 13}}
    exists = {"type": "expect_column_to_exist", "kwargs": {"column": "margin"}, "severity": "warning"}
    verdict = verdict_on([count, exists], {})
    assert [each.success for each in verdict.results] == [True, False]


def test_a_row_count_needs_no_column_of_its_own(verdict_on: VerdictOn) -> None:
    assert verdict_on([{"type": "expect_table_row_count_to_equal", "kwargs": {"value": 2}}], {}, {}).success


def test_a_rule_that_crashes_is_neither_passed_nor_failed(verdict_on: VerdictOn) -> None:
    query = "SELECT * FROM {batch} WHERE raise_error(userId) IS NULL"
    crashing = {"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": query}}
    with pytest.raises(RuleCrashedError, match=r"unexpected_rows_expectation of the user's suite") as crash:
        verdict_on([crashing], {"userId": SECRET})
    assert SECRET not in str(crash.value)
    assert crash.value.__suppress_context__


def test_no_rows_fail_nothing(events: Events, tally: Tally) -> None:
    frame = events({}).where("false")
    rules = compile_suites(frame, service_suite())
    assert judge(rules, tally(rules, frame)[1], frame).success


SECRET = "margarethe-1815"
SECRET_NUMBER = 271_828.5
LEAKY = [
    {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "userId", "value_set": ["a"]}},
    {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "userId"}},
    {
        "type": "expect_column_distinct_values_to_be_in_set",
        "kwargs": {"column": "userId", "value_set": ["a"]},
    },
    {
        "type": "expect_column_most_common_value_to_be_in_set",
        "kwargs": {"column": "userId", "value_set": ["a"]},
    },
    {"type": "expect_column_max_to_be_between", "kwargs": {"column": "price", "max_value": 1}},
    {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "price", "max_value": 1}},
    {
        "type": "expect_column_quantile_values_to_be_between",
        "kwargs": {"column": "price", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[0, 1]]}},
    },
    {"type": "expect_compound_columns_to_be_unique", "kwargs": {"column_list": ["userId", "price"]}},
    {"type": "expect_column_pair_values_to_be_equal", "kwargs": {"column_A": "userId", "column_B": "itemId"}},
    {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "userId", "regex": "^a"}},
    {
        "type": "expect_column_unique_value_count_to_be_between",
        "kwargs": {"column": "userId", "max_value": 0},
    },
]


def test_no_value_of_any_row_is_in_what_a_verdict_says_or_writes(
    verdict_on: VerdictOn, tmp_path: Path
) -> None:
    row = {"userId": SECRET, "price": SECRET_NUMBER}
    verdict = verdict_on(LEAKY, row, row)
    assert not any(each.success for each in verdict.results)
    write_validation(verdict, tmp_path)
    texts = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    for text in (*texts, *verdict.failures, repr(verdict)):
        assert SECRET not in text
        assert not re.search(r"271.?828", text)
    results = json.loads((tmp_path / "validation.json").read_text())["results"]
    assert results[-1]["result"] == {"observed_value": 1}
