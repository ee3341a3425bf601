"""Great Expectations' verdict over the counts of the staged events, and over those events for the rest.

`mostly` and every comparison are Great Expectations' own code. Results contain only counts and columns'
names: no value of any row, no text of an exception, no figure that could be a single user's.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame

from expectations.errors import RuleCrashedError
from expectations.library import great_expectations
from expectations.rules import Rule, Rules
from expectations.verdict import RuleResult, Verdict

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
    from great_expectations.validator.validator import Validator

_COUNTS_ONLY = {
    "result_format": "BASIC",
    "partial_unexpected_count": 0,
    "exclude_unexpected_values": True,
    "include_unexpected_rows": False,
}

OBSERVED_COUNTS = frozenset(
    {
        "expect_column_proportion_of_non_null_values_to_be_between",
        "expect_column_proportion_of_unique_values_to_be_between",
        "expect_table_column_count_to_be_between",
        "expect_table_column_count_to_equal",
        "expect_table_row_count_to_be_between",
        "expect_table_row_count_to_equal",
    }
)
"""Those whose observed value is a count or a share. A maximum, mean or sum may be a single user's value."""

OBSERVED_COLUMNS = frozenset(
    {"expect_table_columns_to_match_ordered_list", "expect_table_columns_to_match_set"}
)
"""Those whose observed value is the events' columns. Data Docs can't show a result of the first without it."""


def judge(rules: Rules, tallies: Mapping[str, int], events: DataFrame | None = None) -> Verdict:
    """Return the verdict over all rules.

    `tallies`: see `expectations.tallies`. `events` is read only for rules that no tally answers and must
    have `rules.scan_columns()`; it may be None if there are none.

    Raises:
        RuleCrashedError: a rule could not be evaluated; the text names it.
    """
    great_expectations()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scanned = _scan([rule for rule in rules.rules if not rule.tallies], rules.scan_columns(), events)
        found = [_from_counts(r, tallies) if r.tallies else scanned[r.name] for r in rules.rules]
    outcomes = tuple(_outcome(*pair) for pair in zip(rules.rules, found, strict=True))
    return _verdict(outcomes, rules.rejected_by_reason(tallies), _document(found))


def _from_counts(rule: Rule, tallies: Mapping[str, int]) -> ExpectationValidationResult:
    """Return Great Expectations' result for one rule, over our counts in place of its metrics."""
    runtime = {"result_format": _COUNTS_ONLY}
    needed = rule.expectation.get_validation_dependencies(runtime_configuration=runtime).metric_configurations
    # Counts come from the stage; the only other metrics that BASIC asks for are lists of unexpected values.
    metrics: dict[Any, Any] = {
        metric.id: tallies[rule.tallies[name]] if name in rule.tallies else []
        for name, metric in needed.items()
    }
    try:
        return rule.expectation.metrics_validate(metrics, runtime_configuration=runtime)
    except Exception:  # noqa: BLE001 - a rule that raises has not failed: the run must stop, for any error
        raise _crashed(rule) from None


def _scan(
    rules: list[Rule], columns: tuple[str, ...], events: DataFrame | None
) -> dict[str, ExpectationValidationResult]:
    """Return the results, by rule name, of what Great Expectations must evaluate over the events themselves."""
    if not rules:
        return {}
    if events is None:
        raise ValueError("events are needed: some expectations look at the whole")
    validator = _validator(events.select(*columns))
    return {rule.name: _from_events(rule, validator) for rule in rules}


def _validator(events: DataFrame) -> Validator:
    from great_expectations.core.batch import Batch  # noqa: PLC0415 - see library
    from great_expectations.execution_engine import SparkDFExecutionEngine  # noqa: PLC0415 - see library
    from great_expectations.execution_engine.sparkdf_batch_data import SparkDFBatchData  # noqa: PLC0415
    from great_expectations.validator.validator import Validator  # noqa: PLC0415 - see library

    engine = SparkDFExecutionEngine(spark=events.sparkSession, persist=False)
    validator = Validator(engine, batches=[Batch(data=SparkDFBatchData(engine, events))])
    validator.metrics_calculator.show_progress_bars = False
    return validator


def _from_events(rule: Rule, validator: Validator) -> ExpectationValidationResult:
    kind = rule.expectation.expectation_type
    shown = _COUNTS_ONLY if kind in OBSERVED_COUNTS | OBSERVED_COLUMNS else {"result_format": "BOOLEAN_ONLY"}
    try:
        [result] = validator.graph_validate(
            [rule.expectation.configuration],
            runtime_configuration={"result_format": shown, "catch_exceptions": False},
        )
    except Exception:  # noqa: BLE001 - a rule that raises has not failed: the run must stop, for any error
        raise _crashed(rule) from None
    if result.exception_info and result.exception_info.get("raised_exception", True):
        raise _crashed(rule)
    result.success = bool(result.success)  # some of theirs are NumPy's, which JSON does not support
    observed = result.result.get("observed_value")
    is_shown = isinstance(observed, int | float) or kind in OBSERVED_COLUMNS
    result.result = {"observed_value": observed} if is_shown else {}
    result.expectation_config = rule.expectation.configuration
    return result


def _crashed(rule: Rule) -> RuleCrashedError:
    return RuleCrashedError(
        f"the expectation {rule.name} of the {rule.origin}'s suite could not be evaluated: it failed on the data. "
        "Check its arguments against the columns' types."
    )


def _outcome(rule: Rule, result: ExpectationValidationResult) -> RuleResult:
    counts = result.result if rule.bit is not None else {}
    considered = counts["element_count"] - (counts.get("missing_count") or 0) if counts else None
    failed, says = counts.get("unexpected_count"), rule.expectation.description
    return RuleResult(rule.name, rule.origin, rule.severity, says, bool(result.success), considered, failed)


def _verdict(
    outcomes: tuple[RuleResult, ...], rejected: dict[str, int], document: ExpectationSuiteValidationResult
) -> Verdict:
    failed = [each for each in outcomes if not each.success]
    failed.sort(key=lambda each: each.severity != "critical")
    refused = any(each.severity == "critical" for each in failed)
    sentences = tuple(_sentence(each) for each in failed)
    return Verdict(outcomes, not failed, refused, sentences, rejected, document)


def _sentence(result: RuleResult) -> str:
    says = f" {result.description}" if result.description else ""
    rows = (
        f"{result.failed:,} of {result.considered:,} rows"
        if result.failed is not None
        else "the data as a whole"
    )
    return f"{result.name} ({result.severity}) failed for {rows}.{says}"


def _document(found: list[ExpectationValidationResult]) -> ExpectationSuiteValidationResult:
    from great_expectations.core import ExpectationSuiteValidationResult  # noqa: PLC0415 - see library
    from great_expectations.validator.validation_statistics import (  # noqa: PLC0415 - see library
        calc_validation_statistics,
    )

    figures = calc_validation_statistics(found)
    statistics = {
        "evaluated_expectations": figures.evaluated_expectations,
        "successful_expectations": figures.successful_expectations,
        "unsuccessful_expectations": figures.unsuccessful_expectations,
        "success_percent": figures.success_percent,
    }
    meta = {
        "great_expectations_version": great_expectations().__version__,
        "validation_time": datetime.now(tz=UTC).isoformat(),
    }
    return ExpectationSuiteValidationResult(
        success=figures.success, results=found, suite_name="events", statistics=statistics, meta=meta
    )
