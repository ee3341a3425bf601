"""Counts of the staged events: how many rows each predicate holds for, and how many distinct values a rule counts.

Rows are counted by their bits, and the bits are added up here: counting 50 bits on a row's way to the stage costs
Spark 1.1 µs a row, and a plan of 50 aggregates over the stage takes it longer to compile than to run. There are few
groups of rows: a valid row's bits show which of its fields are null, and no more than 20 may be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.rules import BITS, ROWS, Rules, tally_name, value_name

MAX_GROUPS = 100_000
"""Groups of rows that are counted with the values that rules count: far more than a few event types need."""

Groups = Mapping[tuple[Any, ...], int]
"""How many rows have which values."""


def add_up(rules: Rules, groups: Groups, columns: Sequence[str] = ()) -> Counter[str]:
    """Return the tallies of the rules' predicates, by name, and the rows with each value of `columns`, by `value_name`.

    `groups`: the rows by `rules.check_columns()`, then `columns`; further values are not looked at.
    """
    counts = Counter({ROWS: 0})
    bits = len(rules.check_columns())
    for group, rows in groups.items():
        values = (value_name(column, value) for column, value in zip(columns, group[bits:], strict=False))
        counts.update(dict.fromkeys([ROWS, *values, *_tallied(group, len(rules.predicates))], rows))
    return counts


def distinct_among(rules: Rules, groups: Groups) -> dict[str, int]:
    """Return how many different values each has that a rule counts; `groups` end with `rules.distinct_columns()`."""
    names = rules.distinct_columns()
    values = zip(*(group[len(group) - len(names) :] for group in groups), strict=True)
    return dict.fromkeys(names, 0) | {
        name: len(set(found) - {None}) for name, found in zip(names, values, strict=False)
    }


def count_distinct(rules: Rules, staged: DataFrame) -> dict[str, int]:
    """Return the same of the rows themselves, as Spark counts them, where there are many; its errors are passed on."""
    counts = [F.count_distinct(name).alias(name) for name in rules.distinct_columns()]
    return staged.agg(*counts).collect()[0].asDict() if counts else {}


def _tallied(bits: Sequence[int], predicates: int) -> Iterator[str]:
    for bit in range(predicates):
        if bits[bit // BITS] >> bit % BITS & 1:
            yield tally_name(bit)
