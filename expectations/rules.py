"""All rules of a run as one pass over the events: which ones a row breaks.

The predicates are evaluated once per row, into bits of long columns (`_checks_<n>`); whether a row is rejected, its
reasons and the tallies are read from the bits. It judges nothing: `judge` does, from the tallies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

REJECTED = "_rejected"
ROWS = "rows"
BITS = 62
"""Bits used of each long: the sign bit stays clear, so that shifts and comparisons need no care."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation of a run.

    `name` is what stands in `reasons`: `type(column)`, `type(a, b)`, `type`, with `#2` for a repeat.
    `bit` is where its failure is found, None where the type names no rows; `tallies` maps the metrics that
    its verdict needs to the tallies that hold them, and is empty where only Great Expectations can count.
    """

    name: str
    origin: str
    severity: str
    expectation: Expectation
    bit: int | None
    tallies: Mapping[str, str]

    @property
    def rejects(self) -> bool:
        """Whether a row that breaks it is kept from sending: `info` only reports."""
        return self.bit is not None and self.severity != "info"


@dataclass(frozen=True, slots=True)
class Rules:
    """A run's rules in order, the service's first.

    `predicates`: the one behind each bit; `distinct`: the values that are counted once each, nulls left out;
    `scanned`: the event columns that the rules without a bit look at.
    """

    rules: tuple[Rule, ...]
    predicates: tuple[Column, ...]
    distinct: tuple[Column, ...]
    scanned: tuple[str, ...]

    def check(self, events: DataFrame) -> DataFrame:
        """The events with `_rejected` (boolean, never null) and the bits that tell why."""
        masks = zip(self.check_columns(), self._masks(), strict=True)
        checked = events.select("*", *(mask.alias(name) for name, mask in masks))
        return checked.withColumn(REJECTED, self._is_rejected())

    def reasons(self) -> Column:
        """The names of the rules that reject a row, in order, out of its bits: array<string>, never null.

        To be asked of the rejected rows alone, as they are put aside: no other row has any.
        """
        names = F.array(*(F.when(_is_set(bit), F.lit(name)) for name, bit in self._rejecting()))
        return F.filter(names.cast("array<string>"), lambda name: name.isNotNull())

    def check_columns(self) -> tuple[str, ...]:
        """The columns that `check` adds beside `_rejected`: they hold the bits."""
        return tuple(dict.fromkeys(check_column(bit) for bit in range(len(self.predicates))))

    def scan_columns(self) -> tuple[str, ...]:
        """The event columns that must be staged, for expectations that no row predicate answers."""
        return self.scanned

    def rejected_by_reason(self, tallies: Mapping[str, int]) -> dict[str, int]:
        """How many rows each rule rejected, by its name; rules that rejected none are left out."""
        counts = {r.name: tallies[tally_name(r.bit)] for r in self.rules if r.rejects and r.bit is not None}
        return {name: count for name, count in counts.items() if count}

    def _masks(self) -> Iterator[Column]:
        for start in range(0, len(self.predicates), BITS):
            bits = [_bit(p, n) for n, p in enumerate(self.predicates[start : start + BITS])]
            yield reduce(Column.bitwiseOR, bits)

    def _is_rejected(self) -> Column:
        bits = [bit for _, bit in self._rejecting()]
        return _any_set(bits) if bits else F.lit(False)

    def _rejecting(self) -> list[tuple[str, int]]:
        return [(rule.name, rule.bit) for rule in self.rules if rule.rejects and rule.bit is not None]


def check_column(bit: int) -> str:
    """The name of the column that holds this bit, at the place `bit % BITS`."""
    return f"_checks_{bit // BITS}"


def tally_name(bit: int) -> str:
    """The name of the count of the rows with this bit."""
    return f"tally_{bit}"


def distinct_name(number: int) -> str:
    """The name of the count of the distinct values with this number."""
    return f"distinct_{number}"


def _bit(predicate: Column, place: int) -> Column:
    return F.when(predicate, F.expr(f"{1 << place}L")).otherwise(F.expr("0L"))


def _is_set(bit: int) -> Column:
    return F.col(check_column(bit)).bitwiseAND(F.lit(1 << bit % BITS)) != 0


def _any_set(bits: list[int]) -> Column:
    masks: dict[str, int] = {}
    for bit in bits:
        masks[check_column(bit)] = masks.get(check_column(bit), 0) | 1 << bit % BITS
    tests = [F.col(name).bitwiseAND(F.lit(mask)) != 0 for name, mask in masks.items()]
    return reduce(Column.__or__, tests)
