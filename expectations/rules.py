"""All rules of a run as one pass over the events: which ones a row breaks.

The predicates are evaluated once per row, into bits of long columns (`_checks_<n>`); whether a row is
rejected, its reasons and the tallies are read from the bits. `judge` takes the verdict from the tallies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

REJECTED = "_rejected"
ROWS = "rows"
MASK_BITS = 20
"""Predicates in one mask: their code is one method, well below the 8,000 bytes above which the JVM compiles none."""

_MASKS = 3
BITS = _MASKS * MASK_BITS
"""Predicates in one column: a suite like the service's needs one column. Each column is staged and read."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An expectation of a run.

    `name` is what `reasons` shows: `type(column)`, `type(a, b)`, `type`, with `#2` for a repeat. `bit` is
    the position of its failure, None if the type names no rows; `tallies` maps the metrics that its verdict
    needs to the tallies that hold them, and is empty if only Great Expectations can count.
    """

    name: str
    origin: str
    severity: str
    expectation: Expectation
    bit: int | None
    tallies: Mapping[str, str]

    @property
    def rejects(self) -> bool:
        """Return whether a row that breaks it is not sent: `info` only reports."""
        return self.bit is not None and self.severity != "info"


@dataclass(frozen=True, slots=True)
class Rules:
    """A run's rules in order, the service's first.

    `predicates`: the one behind each bit; `distinct`: the values that are counted once each, without nulls;
    `scanned`: the event columns that the rules without a tally read; `measures`: columns that the predicates
    read next to the events', by their names.
    """

    rules: tuple[Rule, ...]
    predicates: tuple[Column, ...]
    distinct: tuple[Column, ...]
    scanned: tuple[str, ...]
    measures: Mapping[str, Column] = field(default_factory=dict)

    def check(self, events: DataFrame) -> DataFrame:
        """Return the events with `_rejected` (boolean, never null), the bits of the reasons, and `distinct_columns`."""
        # Spark gives each mask a method of its own if it is computed in one step with what else is derived
        # from the masks, and the JVM compiles that well. It does not compile a method of 60 predicates or more.
        masks = [
            _mask(self.predicates[start : start + MASK_BITS])
            for start in range(0, len(self.predicates), MASK_BITS)
        ]
        bits = (_side_by_side(masks[start : start + _MASKS]) for start in range(0, len(masks), _MASKS))
        columns = (each.alias(name) for each, name in zip(bits, self.check_columns(), strict=True))
        measured = events.withColumns(dict(self.measures)) if self.measures else events
        hashes = (_hashed(value).alias(distinct_name(n)) for n, value in enumerate(self.distinct))
        checked = measured.select("*", *columns, self._any_rejecting(masks).alias(REJECTED), *hashes)
        return checked.drop(*self.measures)

    def reasons(self) -> Column:
        """Return the names of the rules that reject a row, in order, from its bits: array<string>, never null.

        For rejected rows only, as they are written to `rejected/`: no other row has any.
        """
        names, bits = [name for name, _ in self._rejecting()], [bit for _, bit in self._rejecting()]
        columns, column = F.array(*self.check_columns()), F.lit([bit // BITS for bit in bits])
        mask = F.lit([1 << bit % BITS for bit in bits])
        return F.filter(
            F.lit(names).cast("array<string>"),
            lambda _, n: F.get(columns, F.get(column, n)).bitwiseAND(F.get(mask, n)) != 0,
        )

    def check_columns(self) -> tuple[str, ...]:
        """Return the columns that `check` adds to `_rejected`: they hold the bits."""
        return tuple(dict.fromkeys(check_column(bit) for bit in range(len(self.predicates))))

    def distinct_columns(self) -> tuple[str, ...]:
        """Return the columns that `check` adds for the values that rules count: 64 bits for each value, null for null.

        Two of a billion different values have the same bits once in 37 times.
        """
        return tuple(distinct_name(number) for number in range(len(self.distinct)))

    def scan_columns(self) -> tuple[str, ...]:
        """Return the event columns that must be staged, for expectations that no row predicate answers."""
        return self.scanned

    def rejected_by_reason(self, tallies: Mapping[str, int]) -> dict[str, int]:
        """Return how many rows each rule rejected, by its name, without the rules that rejected none."""
        counts = {r.name: tallies[tally_name(r.bit)] for r in self.rules if r.rejects and r.bit is not None}
        return {name: count for name, count in counts.items() if count}

    def _any_rejecting(self, masks: Sequence[Column]) -> Column:
        """Return whether any bit is set that rejects a row."""
        wanted: Counter[int] = Counter()
        for bit in {bit for _, bit in self._rejecting()}:
            wanted[bit // MASK_BITS] += 1 << bit % MASK_BITS
        tests = (masks[number].bitwiseAND(bits) != 0 for number, bits in wanted.items())
        return reduce(Column.__or__, tests, F.lit(False))

    def _rejecting(self) -> list[tuple[str, int]]:
        return [(rule.name, rule.bit) for rule in self.rules if rule.rejects and rule.bit is not None]


def check_column(bit: int) -> str:
    """Return the name of the column that holds this bit, at position `bit % BITS`."""
    return f"_checks_{bit // BITS}"


def tally_name(bit: int) -> str:
    """Return the name of the count of the rows with this bit."""
    return f"tally_{bit}"


def distinct_name(number: int) -> str:
    """Return the name of the column of the counted values with this number, and of the count of the distinct ones."""
    return f"_distinct_{number}"


def value_name(column: str, value: object) -> str:
    """Return the name of the count of the rows with this value of a column that is counted with the rules."""
    return f"{column}={value}"


def _mask(predicates: Sequence[Column]) -> Column:
    """Return an int with bit n set where predicate n holds.

    `if` says the same as CASE in less code, which a fresh JVM compiles sooner: of a million rows 0.5 s.
    """
    bits = (F.call_function("if", each, F.lit(1 << n), F.lit(0)) for n, each in enumerate(predicates))
    return reduce(Column.bitwiseOR, bits)


def _hashed(value: Column) -> Column:
    return F.when(value.isNotNull(), F.xxhash64(value))


def _side_by_side(masks: Sequence[Column]) -> Column:
    """Return a long that holds the masks, the first one lowest."""
    placed = (F.shiftleft(mask.cast("long"), index * MASK_BITS) for index, mask in enumerate(masks))
    return reduce(Column.bitwiseOR, placed)
