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
_ROW_ID, _KEY_ID, _ROW_IDS = "_row_id", "_key_id", "_row_ids"
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
    ours = expected.select(fields).distinct().withColumns(_identities(kinds))
    theirs = exported.select(*(each.alias(name) for name, each in _identities(kinds).items()))
    there = theirs.groupBy(_KEY_ID).agg(F.collect_set(_ROW_ID).alias(_ROW_IDS))
    outcome = (
        F.when(F.array_contains(_ROW_IDS, F.col(_ROW_ID)), FOUND)
        .when(F.col(_ROW_IDS).isNotNull(), UNKNOWN)
        .otherwise(MISSING)
    )
    return ours.join(there, _KEY_ID, "left").withColumn(OUTCOME, outcome).select(*fields, OUTCOME)


def counted(compared: DataFrame) -> Compared:
    """Count the outcomes."""
    counts = {row[OUTCOME]: row["count"] for row in compared.groupBy(OUTCOME).count().collect()}
    return Compared(counts.get(FOUND, 0), counts.get(MISSING, 0), counts.get(UNKNOWN, 0))


def _identities(kinds: Mapping[str, str]) -> dict[str, Column]:
    """Return columns that are equal where rows agree in every field, and where they agree in what names an interaction.

    One short text is joined faster than ten fields of which each may be null. As JSON no two rows have the same text.
    """
    values = {field: _value(field, kind) for field, kind in kinds.items()}
    key = [value for field, value in values.items() if field in _KEY]
    return {
        _ROW_ID: F.sha2(F.to_json(F.array(*values.values())), 256),
        _KEY_ID: F.sha2(F.to_json(F.array(*key)), 256),
    }


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
