"""Row-level expectations as Spark predicates, taken from Great Expectations' own metrics, without reading data.

An expectation over rows has a metric `<map_metric>.condition`: a Column that is true where a row breaks it.
It is taken from Great Expectations, over an empty frame of the events' schema, so that the rows named here
are the rows that Great Expectations counts. Only its filters (row condition, `ignore_row_if`) come as
filtered frames, so they are written here again, as `SparkDFExecutionEngine.get_domain_records` writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from pyspark.errors import IllegalArgumentException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from core.catalyst import jvm_of
from expectations.errors import SuiteError, first_line
from expectations.measures import matches_json_schema, measure_name, occurrences
from expectations.row_level import IN_PYTHON, JSON_SCHEMA, PREDICATES, REPEATS, STRFTIME, names_rows

if TYPE_CHECKING:
    from great_expectations.execution_engine import SparkDFExecutionEngine
    from great_expectations.execution_engine.execution_engine import MetricComputationConfiguration
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.row_conditions import Condition as GxCondition
    from great_expectations.validator.metric_configuration import MetricConfiguration, MetricConfigurationID

COUNTS_VALUES = "expect_column_unique_value_count_to_be_between"
"""The one expectation about the data as a whole that is counted here: Great Expectations needs two scans for it."""

DISTINCT_COUNT = "column.distinct_values.count"
ROW_COUNT = "table.row_count"
NULL_COUNT = "column_values.nonnull.unexpected_count"
FAILED_COUNT = ".unexpected_count"
CONSIDERED_COUNT = ".filtered_row_count"

_IGNORE_ALL = frozenset({"both_values_are_missing", "all_values_are_missing"})
_IGNORE_ANY = frozenset({"either_value_is_missing", "any_value_is_missing"})


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled expectation.

    Predicates that are null count as false; None means every row. `failed`: the rows that break it;
    `domain`: those of its row condition; `considered`: those of them that `ignore_row_if` leaves, for a
    rule over several columns; `column`: the one whose nulls are not considered, for a rule over one. They read
    the source's `measures`, too.
    """

    failed: Column
    domain: Column | None
    considered: Column | None
    column: str | None


class ConditionSource:
    """The conditions of all of a run's expectations, resolved over an empty frame without a Spark job."""

    def __init__(self, events: DataFrame, expectations: Iterable[Expectation]) -> None:
        from great_expectations.validator.metrics_calculator import MetricsCalculator  # noqa: PLC0415 - see library

        self._empty = events.sparkSession.createDataFrame([], events.schema)
        self._engine = _engine_over(self._empty)
        calculator = MetricsCalculator(self._engine, show_progress_bars=False)
        wanted = (PREDICATES | IN_PYTHON) - {JSON_SCHEMA}
        metrics = [_metric(each) for each in expectations if each.expectation_type in wanted]
        self._resolved, self._aborted = calculator.compute_metrics(metrics)
        self._given: list[tuple[str, Column]] = []
        self._measured: list[tuple[str, Column]] = []

    @property
    def measures(self) -> dict[str, Column]:
        """Return the columns that the conditions returned so far read next to the events', by their names."""
        return {measure_name(number): column for number, (_, column) in enumerate(self._measured)}

    def condition(self, expectation: Expectation, name: str) -> Condition | None:
        """Return the compiled expectation, or None if its type names no rows.

        Raises:
            SuiteError: it can't be compiled; the text names the rule.
        """
        if not names_rows(expectation):
            return None
        self._check_patterns(expectation, name)
        with _refusing(name):
            condition = self._compiled(expectation, name)
        self._given.append((name, condition.failed))
        return condition

    def distinct_values(self, expectation: Expectation, name: str) -> Column | None:
        """Return the values that `COUNTS_VALUES` counts once each, null where they don't count; None for other types.

        Raises:
            SuiteError: it can't be compiled; the text names the rule.
        """
        if expectation.expectation_type != COUNTS_VALUES:
            return None
        with _refusing(name):
            domain = self._row_condition(expectation.row_condition)
            values = self._distinguished(expectation.column)
            values = values if domain is None else F.when(domain, values)
        self._given.append((name, values))
        return values

    def _distinguished(self, column: str) -> Column:
        """Return the column so that different values have different hashes: Spark's hash ignores an array's nulls."""
        if isinstance(self._empty.schema[column].dataType, T.ArrayType):
            return F.transform(column, lambda each: F.struct(each.isNull(), each))
        return F.col(column)

    def require_fit(self) -> None:
        """Check that all conditions returned so far fit the columns' types.

        Spark analyses all of them, and runs none, in hardly more time than one takes.

        Raises:
            SuiteError: one does not fit; the text names the rule.
        """
        _require_fit(self._empty, self._measured)
        _require_fit(self._empty.withColumns(self.measures), self._given)

    def _check_patterns(self, expectation: Expectation, name: str) -> None:
        """Refuse a regular expression that Java can't read: Spark would find out in the middle of the data."""
        kwargs = expectation.configuration.kwargs
        given = [kwargs.get("regex"), *(kwargs.get("regex_list") or ())]
        for pattern in filter(None, given):
            jvm = jvm_of(self._empty.sparkSession)
            try:
                jvm.java.util.regex.Pattern.compile(pattern)
            except IllegalArgumentException:
                raise SuiteError(
                    f"{name}: Java can't compile a regular expression. Write it in the syntax of java.util.regex."
                ) from None

    def _compiled(self, expectation: Expectation, name: str) -> Condition:
        metric = _metric(expectation)
        columns, domain = metric.metric_domain_kwargs, self._row_condition(expectation.row_condition)
        column = columns.get("column")
        considered = domain if column else _all_of(domain, _not_ignored(columns))
        if expectation.expectation_type in REPEATS:
            failed = self._repeated(columns, considered, name)
        else:
            unexpected = self._unexpected(expectation, metric, name)
            failed = unexpected if considered is None else considered & unexpected
        return Condition(failed, domain, considered, column)

    def _repeated(self, columns: dict[str, Any], considered: Column | None, name: str) -> Column:
        """Return whether other rows that count have the same values: Great Expectations counts after its filters."""
        column = columns.get("column")
        counts = _all_of(considered, F.col(column).isNotNull() if column else None)
        counts = F.lit(True) if counts is None else F.coalesce(counts, F.lit(False))
        names = [column] if column else columns["column_list"]
        return counts & (self._measure(occurrences(names, counts), name) > 1)

    def _unexpected(self, expectation: Expectation, metric: MetricConfiguration, name: str) -> Column:
        """Return Great Expectations' own predicate for a row that breaks the rule."""
        kind = expectation.expectation_type
        if kind in (JSON_SCHEMA, STRFTIME):
            self._require_text(expectation.column)
        if kind == JSON_SCHEMA:
            return ~self._measure(matches_json_schema(expectation.column, expectation.json_schema), name)
        if metric.id not in self._resolved:
            raise ValueError(self._failure(metric))
        column: Column = self._resolved[metric.id][0]
        return self._measure(column, name) if kind in IN_PYTHON else column

    def _failure(self, metric: MetricConfiguration) -> str:
        """Return Great Expectations' reason why it has no such metric; it may lack one that this depends on."""
        rows = metric.metric_domain_kwargs.get("row_condition")
        needed = (
            each
            for each in self._aborted.values()
            if each["metric_configuration"].metric_domain_kwargs.get("row_condition") == rows
        )
        failed = self._aborted.get(metric.id) or next(needed)
        return str(failed["exception_info"].exception_message).strip()

    def _measure(self, column: Column, name: str) -> Column:
        self._measured.append((name, column))
        return F.col(measure_name(len(self._measured) - 1))

    def _require_text(self, column: str) -> None:
        kind = self._empty.schema[column].dataType
        if not isinstance(kind, T.StringType):
            raise TypeError(f"{column} is {kind.simpleString()}, not text.")

    def _row_condition(self, condition: GxCondition | None) -> Column | None:
        if condition is None:
            return None
        text = getattr(condition, "pass_through_filter", None)
        return F.expr(text if text is not None else self._engine.condition_to_filter_clause(condition))


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Turn any error of Spark or a metric over the rule's arguments into SuiteError that names the rule."""
    try:
        yield
    except Exception as problem:  # noqa: BLE001 - they may raise anything
        raise SuiteError(
            f"{name} can't be applied to the events: {first_line(problem)}. Check its arguments and columns."
        ) from None


def _require_fit(frame: DataFrame, given: list[tuple[str, Column]]) -> None:
    """Let Spark analyse the columns over `frame`; raise SuiteError that names the rule of the first that fails."""
    try:
        frame.select(*(column for _, column in given))
    except Exception:
        for name, column in given:
            with _refusing(name):
                frame.select(column)
        raise


def _engine_over(empty: DataFrame) -> SparkDFExecutionEngine:
    """Return Great Expectations' engine for a frame without rows, in which every count is 0."""
    from great_expectations.execution_engine import SparkDFExecutionEngine  # noqa: PLC0415 - see library

    class CountingNothing(SparkDFExecutionEngine):  # type: ignore[misc]
        """An engine that returns 0 for every count; a Spark job would take as long as all the conditions."""

        def resolve_metric_bundle(
            self, metric_fn_bundle: Iterable[MetricComputationConfiguration]
        ) -> dict[MetricConfigurationID, int]:
            return {each.metric_configuration.id: 0 for each in metric_fn_bundle}

    engine = CountingNothing(spark=empty.sparkSession, persist=False)
    engine.load_batch_data("events", empty)
    return engine


def _metric(expectation: Expectation) -> MetricConfiguration:
    """Return Great Expectations' metric for the predicate behind an expectation over rows."""
    from great_expectations.expectations.registry import get_metric_kwargs  # noqa: PLC0415 - see library
    from great_expectations.validator.metric_configuration import MetricConfiguration  # noqa: PLC0415

    name = f"{expectation.map_metric}.condition"
    kwargs = get_metric_kwargs(name, expectation.configuration, {})
    return MetricConfiguration(name, kwargs["metric_domain_kwargs"], kwargs["metric_value_kwargs"])


def _not_ignored(domain: dict[str, Any]) -> Column | None:
    """Return the rows that `ignore_row_if` leaves of a pair (`column_A`, `column_B`) or a list of columns."""
    names = domain.get("column_list") or (domain["column_A"], domain["column_B"])
    nulls = [F.col(name).isNull() for name in names]
    rule = domain.get("ignore_row_if")
    if rule in _IGNORE_ALL:
        return ~reduce(Column.__and__, nulls)
    return ~reduce(Column.__or__, nulls) if rule in _IGNORE_ANY else None


def _all_of(*conditions: Column | None) -> Column | None:
    """Return the conjunction of the conditions that are not None; None, every row, if there is none."""
    present = [each for each in conditions if each is not None]
    return reduce(Column.__and__, present) if present else None
