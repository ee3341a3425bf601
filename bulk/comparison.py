"""Comparison of our interactions with an export: found, missing, or unknown. In Spark, over distinct rows.

An export has "just one record" for records that agree in every field, so distinct rows are compared. Rows
that only the export has are live traffic and are ignored. A row that the export has by user, item, time and
type, with other fields in another form, is unknown: the form of those is not documented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

OUTCOME = "outcome"
FOUND, MISSING, UNKNOWN = "found", "missing", "unknown"
_KEY = ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE")
_MILLISECONDS_FROM = 10**11
_NUMBERS = ("float", "double", "int", "long")


@dataclass(frozen=True, slots=True)
class Compared:
    """Distinct interactions by outcome."""

    found: int
    missing: int
    unknown: int


def compare(expected: DataFrame, exported: DataFrame, kinds: Mapping[str, str]) -> DataFrame:
    """Return each distinct row of `expected` with its `outcome`.

    Both have a text for each field; `kinds` has the schema's type of each field that is compared.
    """
    fields = list(kinds)
    key = [field for field in _KEY if field in kinds]
    ours = expected.select(fields).distinct().withColumns(_comparable(kinds))
    theirs = exported.select(fields).withColumns(_comparable(kinds))
    whole = _names(fields)
    by_whole = theirs.select(*whole).distinct().withColumn("_whole", F.lit(True))
    by_key = theirs.select(*_names(key)).distinct().withColumn("_key", F.lit(True))
    met = _joined(_joined(ours, by_whole, whole), by_key, _names(key))
    outcome = F.when(F.col("_whole"), FOUND).when(F.col("_key"), UNKNOWN).otherwise(MISSING)
    return met.withColumn(OUTCOME, outcome).select(*fields, OUTCOME)


def counted(compared: DataFrame) -> Compared:
    """Count the outcomes."""
    counts = {row[OUTCOME]: row["count"] for row in compared.groupBy(OUTCOME).count().collect()}
    return Compared(counts.get(FOUND, 0), counts.get(MISSING, 0), counts.get(UNKNOWN, 0))


def _names(fields: list[str]) -> list[str]:
    return [f"_{field}" for field in fields]


def _joined(ours: DataFrame, theirs: DataFrame, names: list[str]) -> DataFrame:
    """Left join where two nulls are equal."""
    theirs = theirs.withColumnsRenamed({name: f"{name}_there" for name in names})
    same = F.lit(True)
    for name in names:
        same = same & F.col(name).eqNullSafe(F.col(f"{name}_there"))
    return ours.join(theirs, same, "left").drop(*(f"{name}_there" for name in names))


def _comparable(kinds: Mapping[str, str]) -> dict[str, Column]:
    return {f"_{field}": _value(field, kind) for field, kind in kinds.items()}


def _value(field: str, kind: str) -> Column:
    """Return a field as text that is the same for two ways of writing a value; empty is null."""
    text = F.when(F.col(field) != "", F.col(field))
    if field == "TIMESTAMP":
        number = text.cast("double")
        seconds = F.when(F.abs(number) >= F.lit(_MILLISECONDS_FROM), number / 1000).otherwise(number)
        return F.floor(seconds).cast("string")
    if kind in ("int", "long"):
        return F.coalesce(text.cast("decimal(20,0)").cast("string"), text)
    if kind in _NUMBERS:
        return F.coalesce(text.cast("float").cast("string"), text)
    if kind == "boolean":
        return F.coalesce(text.cast("boolean").cast("string"), text)
    return text
