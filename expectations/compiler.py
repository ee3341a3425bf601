"""Compile suites into `Rules`, from the events' columns alone, without reading data."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from expectations.columns import near_misses, visible
from expectations.conditions import (
    CONSIDERED_COUNT,
    DISTINCT_COUNT,
    FAILED_COUNT,
    NULL_COUNT,
    ROW_COUNT,
    Condition,
    ConditionSource,
)
from expectations.errors import SuiteError
from expectations.rules import ROWS, Rule, Rules, distinct_name, tally_name
from expectations.suite import Suite, columns_named, may_be_absent

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

_LOOKS_AT_ALL_COLUMNS = re.compile(r"expect_table_column|expect_column_to_exist|unexpected_rows|expect_query")


def compile_suites(events: DataFrame, service: Suite, user: Suite | None = None) -> Rules:
    """Return the rules of both suites over events with these columns; only `events.schema` and its session are used.

    Raises:
        SuiteError: a rule names a column that the events lack, or can't be applied to its type.
    """
    named = tuple(_named(service, user))
    for each, _, name in named:
        _check_columns(each, name, events.columns)
    source = ConditionSource(events, [each for each, _, _ in named])
    taken = _Tallies()
    rules = tuple(_rule(each, origin, name, source, taken) for each, origin, name in named)
    source.require_fit()
    scanned = _scanned(rules, visible(events.columns))
    return Rules(rules, tuple(taken.predicates), tuple(taken.distinct), scanned, source.measures)


class _Tallies:
    """The counts that the rules need: one bit for each distinct predicate, one number for each count of values."""

    def __init__(self) -> None:
        self.predicates: list[Column] = []
        self.distinct: list[Column] = []
        self._known: dict[Any, int] = {}

    def bit(self, predicate: Column) -> int:
        # By Java's equality and by their texts: 1 and '1' have the same text, and 1 equals 1.0 since Spark 4.0, but
        # Spark compares a text with 1 as '1', and with 1.0 as '1.0'.
        key = (predicate._jc, str(predicate))  # noqa: SLF001
        bit = self._known.setdefault(key, len(self.predicates))
        if bit == len(self.predicates):
            self.predicates.append(predicate)
        return bit

    def rows(self, predicate: Column | None) -> str:
        """Return the name of the count of rows that meet the predicate; None counts all."""
        return ROWS if predicate is None else tally_name(self.bit(predicate))

    def values(self, values: Column) -> str:
        """Return the name of the count of distinct values, without nulls."""
        self.distinct.append(values)
        return distinct_name(len(self.distinct) - 1)


def _named(service: Suite, user: Suite | None) -> Iterator[tuple[Expectation, str, str]]:
    """Yield every expectation of both suites with its suite's origin and its own name."""
    seen: Counter[str] = Counter()
    for suite in (service, user) if user else (service,):
        for expectation in suite.expectations():
            name = _name(expectation)
            seen[name] += 1
            yield expectation, suite.origin, name if seen[name] == 1 else f"{name}#{seen[name]}"


def _name(expectation: Expectation) -> str:
    kind: str = expectation.expectation_type
    columns = columns_named(expectation)
    return f"{kind}({', '.join(columns)})" if columns else kind


def _rule(expectation: Expectation, origin: str, name: str, source: ConditionSource, taken: _Tallies) -> Rule:
    severity = expectation.severity.value
    values = source.distinct_values(expectation, name)
    if values is not None:
        return Rule(name, origin, severity, expectation, None, {DISTINCT_COUNT: taken.values(values)})
    condition = source.condition(expectation, name)
    if condition is None:
        return Rule(name, origin, severity, expectation, None, {})
    bit = taken.bit(condition.failed)
    tallies = _tallies(condition, expectation.map_metric, taken) | {
        expectation.map_metric + FAILED_COUNT: tally_name(bit)
    }
    return Rule(name, origin, severity, expectation, bit, tallies)


def _tallies(condition: Condition, metric: str, taken: _Tallies) -> dict[str, str]:
    """Return the names of the counts that a verdict needs in addition to the failed rows, by metric."""
    tallies = {ROW_COUNT: taken.rows(condition.domain)}
    if condition.column is None:
        return tallies | {metric + CONSIDERED_COUNT: taken.rows(condition.considered)}
    if metric + FAILED_COUNT == NULL_COUNT:
        return tallies
    missing = F.col(condition.column).isNull()
    return tallies | {
        NULL_COUNT: taken.rows(missing if condition.domain is None else condition.domain & missing)
    }


def _check_columns(expectation: Expectation, name: str, columns: Iterable[str]) -> None:
    known = tuple(columns)
    for column in () if may_be_absent(expectation) else columns_named(expectation):
        if column not in known:
            raise SuiteError(
                f"{name}: events have no column {column}{near_misses(column, visible(known))}. Correct the name."
            )


def _scanned(rules: Iterable[Rule], columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns that the rules without a tally read, in the events' order."""
    needed = {c for rule in rules if not rule.tallies for c in _columns_of(rule.expectation, columns)}
    return tuple(column for column in columns if column in needed)


def _columns_of(expectation: Expectation, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns that the arguments mention anywhere, SQL included; all, if it reads the columns' names."""
    if _LOOKS_AT_ALL_COLUMNS.match(expectation.expectation_type):
        return columns
    text = json.dumps(expectation.configuration.kwargs, default=str)
    mentioned = [c for c in columns if re.search(rf"\b{re.escape(c)}\b", text, re.IGNORECASE)]
    # Something must be read to count rows; any column does.
    return tuple(mentioned or columns[:1])
