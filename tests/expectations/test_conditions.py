"""The rows that our predicates find are those that Great Expectations counts, rule by rule, over dirt."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import DataFrame

from expectations.compiler import compile_suites
from expectations.errors import SuiteError
from expectations.judge import judge
from expectations.row_level import COMPILED_TYPES
from expectations.service import service_suite
from expectations.suite import Suite

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult

    from tests.expectations.conftest import Events, Tally


NAN, INFINITE = float("nan"), float("inf")
DIRT: dict[str, list[Any]] = {
    "userId": [None, "", " ", "null", "NaN", "u" * 257, "\u00a0none\u2003"],
    "itemId": [None, "a", "ab", "user-7", "click", "None"],
    "eventType": [None, "view", "buy", "null", "click\n"],
    "sentAt": [None, 0, 1_700_000_000_000, 1_600_000_000, 1_700_086_399, 1_700_086_400, 1_700_086_401],
    "eventValue": [None, NAN, INFINITE, -INFINITE, 0.0, -1.0, 7.0],
    "discount": [None, 0.5, NAN],
    "price": [None, 0.5, 4.5, 100.0],
    "category": [
        None,
        "",
        "shoes",
        "x" * 20,
        '{"a": 1}',
        '{"a": "b"}',
        "{}",
        "[1]",
        "2026-01-31",
        "31.01.2026",
        "NaN",
    ],
    "recommendationId": [None, "r" * 41],
    "eventAttributionSource": [None, "  ", "é", "mail\n"],
    "_body_bytes": [10_240, 10_241],
    "impression": [None, ["a"], ["a", None], [None, "a"], [None], ["", "a"]],
}


def over(column: str, kind: str, **kwargs: object) -> dict[str, Any]:
    return {"type": f"expect_column_{kind}", "kwargs": {"column": column, **kwargs}}


def pair(kind: str, a: str, b: str, **kwargs: object) -> dict[str, Any]:
    return {"type": f"expect_column_pair_values_{kind}", "kwargs": {"column_A": a, "column_B": b, **kwargs}}


def several(kind: str, *columns: str, **kwargs: object) -> dict[str, Any]:
    return {"type": f"expect_{kind}", "kwargs": {"column_list": list(columns), **kwargs}}


VIEWS = {"type": "comparison", "column": {"name": "eventType"}, "operator": "==", "parameter": "view"}
PRICED = {"type": "nullity", "column": {"name": "price"}, "is_null": False}
OF_NUMBERS = {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]}
ARE_OBJECTS = {"row_condition": "category LIKE '{%'", "condition_parser": "spark"}
ENTRIES = [
    over("itemId", "values_to_not_be_null"),
    over("itemId", "values_to_not_be_null", mostly=0.5, row_condition=VIEWS),
    over("category", "values_to_be_null", mostly=0.2),
    over("eventType", "values_to_be_in_set", value_set=["view", "buy"]),
    over(
        "eventType",
        "values_to_be_in_set",
        value_set=["view"],
        row_condition={"type": "and", "conditions": [VIEWS, PRICED]},
    ),
    over("price", "values_to_be_in_set", value_set=[0.5, 100]),
    over("eventType", "values_to_not_be_in_set", value_set=["null"]),
    over("eventValue", "values_to_be_between", min_value=0, max_value=7, strict_max=True),
    over("eventValue", "values_to_be_between", min_value=0, strict_min=True, mostly=0.3),
    over("eventValue", "values_to_be_between", max_value=5),
    over(
        "sentAt",
        "values_to_be_between",
        min_value=1_650_000_000,
        row_condition="itemId IS NOT NULL",
        condition_parser="spark",
    ),
    over(
        "sentAt",
        "values_to_be_between",
        min_value=1,
        row_condition='col("eventType") == "view"',
        condition_parser="great_expectations",
    ),
    over(
        "sentAt",
        "values_to_be_between",
        min_value=1,
        row_condition={"type": "or", "conditions": [VIEWS, PRICED]},
    ),
    over("userId", "value_lengths_to_be_between", min_value=1, max_value=256),
    over("userId", "value_lengths_to_be_between", max_value=6),
    over("category", "value_lengths_to_equal", value=5),
    over("userId", "values_to_match_regex", regex="^user"),
    over("eventType", "values_to_not_match_regex", regex="(?i)null|k$"),
    over("category", "values_to_match_regex_list", regex_list=["^s", "x{3}"], match_on="any"),
    over("category", "values_to_match_regex_list", regex_list=["^s", "s$"], match_on="all"),
    over("category", "values_to_not_match_regex_list", regex_list=["^x", "^$"]),
    pair("to_be_equal", "userId", "itemId"),
    pair("to_be_equal", "userId", "itemId", ignore_row_if="either_value_is_missing", mostly=0.1),
    pair("to_be_equal", "userId", "itemId", ignore_row_if="neither", row_condition=VIEWS),
    pair(
        "a_to_be_greater_than_b", "price", "discount", or_equal=True, ignore_row_if="either_value_is_missing"
    ),
    pair("a_to_be_greater_than_b", "price", "discount"),
    pair("to_be_in_set", "itemId", "eventType", value_pairs_set=[["a", "view"], ["ab", None]]),
    several("multicolumn_sum_to_equal", "price", "discount", sum_total=1.0),
    several(
        "multicolumn_sum_to_equal", "price", "discount", sum_total=1.0, ignore_row_if="any_value_is_missing"
    ),
    several("multicolumn_values_to_be_equal", "userId", "itemId", "eventType"),
    several("select_column_values_to_be_unique_within_record", "userId", "itemId", "eventType"),
    several("select_column_values_to_be_unique_within_record", "userId", "itemId", ignore_row_if="never"),
    over("category", "values_to_be_json_parseable"),
    over("sentAt", "values_to_be_json_parseable", mostly=0.5),
    over("category", "values_to_match_strftime_format", strftime_format="%Y-%m-%d"),
    over("category", "values_to_match_strftime_format", strftime_format="%d.%m.%Y", row_condition=VIEWS),
    # Theirs ends at a text that is no JSON.
    over("category", "values_to_match_json_schema", json_schema=OF_NUMBERS, **ARE_OBJECTS),
    over("userId", "values_to_be_unique"),
    over("sentAt", "values_to_be_unique", row_condition=VIEWS, mostly=0.1),
    over("price", "values_to_be_unique", row_condition="length(itemId) = 1", condition_parser="spark"),
    over("eventValue", "values_to_be_unique", row_condition={"type": "or", "conditions": [VIEWS, PRICED]}),
    several("compound_columns_to_be_unique", "userId", "itemId"),
    several(
        "compound_columns_to_be_unique", "userId", "itemId", "category", "eventValue", row_condition=VIEWS
    ),
    several("compound_columns_to_be_unique", "userId", "price", ignore_row_if="any_value_is_missing"),
    several("compound_columns_to_be_unique", "price", "discount", ignore_row_if="never", mostly=0.01),
]


@pytest.fixture
def dirty(events: Events) -> DataFrame:
    choose = random.Random(7)  # noqa: S311 - dirt, not a secret
    rows = [{c: choose.choice(v) for c, v in DIRT.items() if choose.random() < 0.5} for _ in range(300)]
    return events(*rows).localCheckpoint()


def great_expectations_results(suite: Suite, frame: DataFrame) -> dict[int, ExpectationValidationResult]:
    """Each entry's result, from one ordinary validation of the frame."""
    from great_expectations.core.batch import Batch  # noqa: PLC0415 - seconds that collection should not pay
    from great_expectations.execution_engine import SparkDFExecutionEngine  # noqa: PLC0415
    from great_expectations.execution_engine.sparkdf_batch_data import SparkDFBatchData  # noqa: PLC0415
    from great_expectations.validator.validator import Validator  # noqa: PLC0415

    engine = SparkDFExecutionEngine(spark=frame.sparkSession, persist=False)
    validator = Validator(engine, batches=[Batch(data=SparkDFBatchData(engine, frame))])
    configurations = [each.configuration for each in suite.expectations()]
    for number, configuration in enumerate(configurations):
        configuration.meta = {"number": number}
    results = validator.graph_validate(configurations, runtime_configuration={"result_format": "BASIC"})
    return {each.expectation_config.meta["number"]: each for each in results}


def counts(result: ExpectationValidationResult) -> tuple[bool, int, int, int | None]:
    found = result.result
    return result.success, found["element_count"], found["unexpected_count"], found.get("missing_count")


@pytest.mark.spark
def test_every_compiled_rule_counts_what_great_expectations_counts(dirty: DataFrame, tally: Tally) -> None:
    service = service_suite(begun_at=datetime.fromtimestamp(1_700_000_000, UTC))
    both = Suite("both", "user", (*service.entries[:-1], *ENTRIES), service.parameters)
    rules = compile_suites(dirty, both)
    _, tallies = tally(rules, dirty)
    ours = {number: counts(each) for number, each in enumerate(judge(rules, tallies).document.results)}
    theirs = {number: counts(each) for number, each in great_expectations_results(both, dirty).items()}
    assert ours == theirs
    # A parity of zeros would prove nothing.
    assert sum(failed > 0 for _, _, failed, _ in ours.values()) > 30
    assert sum(success for success, *_ in ours.values()) > 3


@pytest.mark.spark
def test_each_row_whose_value_is_repeated_is_named(events: Events) -> None:
    frame = events({"itemId": "a"}, {"itemId": "b"}, {"itemId": "a"}, {"itemId": None}, {"itemId": None})
    rules = compile_suites(frame, Suite("mine", "user", (over("itemId", "values_to_be_unique"),)))
    checked = rules.check(frame)
    rejected = checked.where("_rejected").select("itemId", rules.reasons()).collect()
    assert [tuple(row) for row in rejected] == 2 * [("a", ["expect_column_values_to_be_unique(itemId)"])]
    assert set(checked.columns) == {*frame.columns, "_rejected", *rules.check_columns()}


@pytest.mark.spark
def test_a_mere_report_of_repeats_does_not_sort_the_events(events: Events) -> None:
    entry = over("itemId", "values_to_be_unique") | {"severity": "info"}
    rules = compile_suites(events({}), Suite("mine", "user", (entry,)))
    assert (rules.measures, rules.scan_columns()) == ({}, ("itemId",))


@pytest.mark.spark
def test_a_text_that_is_not_json_matches_no_json_schema(events: Events, tally: Tally) -> None:
    frame = events(*({"category": each} for each in ("{", '{"a": 1}', "1", None, "[" * 100_000)))
    entry = over("category", "values_to_match_json_schema", json_schema=OF_NUMBERS)
    rules = compile_suites(frame, Suite("mine", "user", (entry,)))
    assert [bool(each) for each in tally(rules, frame)[0]] == [True, False, True, False, True]


@pytest.mark.spark
def test_distinct_values_are_counted_as_great_expectations_counts_them(
    dirty: DataFrame, tally: Tally
) -> None:
    spark_condition = {"row_condition": "price > 0 OR itemId IS NULL", "condition_parser": "spark"}
    suite = Suite(
        "values",
        "user",
        tuple(
            over(column, "unique_value_count_to_be_between", **arguments)
            for column in ("eventType", "userId", "price", "impression")
            for arguments in (
                {"max_value": 3},
                {"min_value": 2, "row_condition": VIEWS},
                {"min_value": 1, "max_value": 90, **spark_condition},
                {"max_value": 0, "row_condition": "eventType = 'never'", "condition_parser": "spark"},
            )
        ),
    )
    rules = compile_suites(dirty, suite)
    results = judge(rules, tally(rules, dirty)[1]).document.results
    ours = {number: (each.success, each.result["observed_value"]) for number, each in enumerate(results)}
    theirs = great_expectations_results(suite, dirty)
    assert ours == {number: (each.success, each.result["observed_value"]) for number, each in theirs.items()}
    assert {success for success, _ in ours.values()} == {True, False}
    assert len({values for _, values in ours.values()}) > 4


def test_the_parity_test_leaves_out_no_compiled_type() -> None:
    assert {entry["type"] for entry in ENTRIES} == COMPILED_TYPES


@pytest.mark.spark
@pytest.mark.parametrize(
    "entry",
    [
        over("impression", "values_to_be_between", min_value=1),
        over(
            "eventType",
            "values_to_be_in_set",
            value_set=["view"],
            row_condition="colour = 1",
            condition_parser="spark",
        ),
        over(
            "eventType",
            "values_to_be_in_set",
            value_set=["view"],
            row_condition="colour ==",
            condition_parser="spark",
        ),
        over("eventType", "unique_value_count_to_be_between", max_value=1, row_condition="colour = 1"),
        over("eventType", "values_to_match_regex_list", regex_list=[]),
        over("eventType", "values_to_match_regex_list", regex_list=["a", "("]),
        over("eventType", "values_to_match_strftime_format", strftime_format="%Q"),
        over("sentAt", "values_to_match_strftime_format", strftime_format="%Y"),
        over("sentAt", "values_to_match_json_schema", json_schema={}),
        over("eventType", "values_to_match_json_schema", json_schema={"type": "colour"}),
        several("compound_columns_to_be_unique", "userId", "itemId", row_condition="colour = 1"),
    ],
)
def test_a_rule_that_does_not_fit_its_columns_is_named(events: Events, entry: dict[str, Any]) -> None:
    suite = Suite("mine", "user", (json.loads(json.dumps(entry)),))
    with pytest.raises(SuiteError, match=entry["type"]) as refusal:
        compile_suites(events({}), suite)
    said = str(refusal.value)
    assert "\n" not in said
    assert not re.search(r"MetricConfigurationID|has no attribute", said), (
        "Great Expectations' own words say why"
    )


def test_compiling_a_suite_starts_no_spark_job(events: Events) -> None:
    frame = events()
    context = frame.sparkSession.sparkContext
    context.setJobGroup("compiling", "no job is expected here")
    try:
        compile_suites(frame, service_suite())
        assert list(context.statusTracker().getJobIdsForGroup("compiling")) == []
    finally:
        context.setLocalProperty("spark.jobGroup.id", None)
