"""Comparison of our interactions with an export: found, missing, or unknown. In Spark, over distinct rows.

An export has "just one record" for records that agree in every field, so distinct rows are compared. Rows
that only the export has are live traffic and are ignored. A row that the export has by user, item, time and
type, with other fields or the type in another form, is unknown: the form of those is not documented. So is one
that was not found, and whose user, item or type has a character that CSV writers write in different ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

OUTCOME = "_outcome"
"""The column of a row's outcome: a field may be called OUTCOME, and Spark ignores case."""

FOUND, MISSING, UNKNOWN, ANONYMOUS = "found", "missing", "unknown", "anonymous"
"""Outcomes. Whether an export has anonymous events, and under which user, is not documented."""

_BEST_FIRST = (FOUND, UNKNOWN, ANONYMOUS, MISSING)
_USER = "USER_ID"
_KEY = (_USER, "ITEM_ID", "TIMESTAMP", "EVENT_TYPE")
_ROW_ID, _KEY_ID, _ROW_IDS = "_row_id", "_key_id", "_row_ids"
_MILLISECONDS_FROM = 10**11
_WRITTEN_DIFFERENTLY = r'["\\\r\n]|^\s|\s$'
"""Text that CSV writers quote, escape or trim in different ways, or whose line end they change."""
_NUMBERS = ("float", "double", "int", "long")


@dataclass(frozen=True, slots=True)
class Compared:
    """Distinct interactions by outcome."""

    found: int
    missing: int
    unknown: int


def compare(
    expected: DataFrame, exported: DataFrame, kinds: Mapping[str, str], event_id: str | None = None
) -> DataFrame:
    """Return each distinct row of `expected` with its `OUTCOME`.

    Both have a text for each field; `kinds` has the schema's type of each field that is compared. `event_id`: a column
    of `expected`; of the rows with one id, which may differ, one was sent: the one with the best outcome is returned.
    """
    fields = list(kinds)
    rows = expected.select(fields).distinct() if event_id is None else expected.select(event_id, *fields)
    ours = rows.withColumns(_identities(kinds))
    theirs = exported.select(*(each.alias(name) for name, each in _identities(kinds).items()))
    there = theirs.groupBy(_KEY_ID).agg(F.collect_set(_ROW_ID).alias(_ROW_IDS))
    outcome = (
        F.when(F.array_contains(_ROW_IDS, F.col(_ROW_ID)), FOUND)
        .when(F.col(_ROW_IDS).isNotNull(), UNKNOWN)
        .when(F.col(_USER).isNull(), ANONYMOUS)
        .when(_may_be_written_differently(kinds), UNKNOWN)
        .otherwise(MISSING)
    )
    compared = ours.join(there, _KEY_ID, "left").withColumn(OUTCOME, outcome)
    if event_id is not None:
        compared = _best_of_each(compared, event_id).dropDuplicates([_ROW_ID])
    return compared.select(*fields, OUTCOME)


def _best_of_each(compared: DataFrame, event_id: str) -> DataFrame:
    # By name: PySpark 3.5's own function takes no column as the value.
    rank = F.call_function("array_position", F.array(*map(F.lit, _BEST_FIRST)), F.col(OUTCOME))
    # The row's own id decides between equals, so that another run picks the same one.
    best = F.row_number().over(Window.partitionBy(event_id).orderBy(rank, _ROW_ID))
    return compared.withColumn("_place", best).where(F.col("_place") == 1)


def _may_be_written_differently(kinds: Mapping[str, str]) -> Column:
    texts = F.array(*(F.col(field) for field in _KEY if field in kinds))
    return F.coalesce(F.exists(texts, lambda text: text.rlike(_WRITTEN_DIFFERENTLY)), F.lit(False))


def is_time(field: str) -> Column:
    """Return whether a text is a time in a form that is compared: a number of seconds or milliseconds."""
    return _value(field, "long").isNotNull()


def counted(compared: DataFrame) -> Compared:
    """Count the outcomes."""
    counts = {row[OUTCOME]: row["count"] for row in compared.groupBy(OUTCOME).count().collect()}
    return Compared(counts.get(FOUND, 0), counts.get(MISSING, 0), counts.get(UNKNOWN, 0))


def _identities(kinds: Mapping[str, str]) -> dict[str, Column]:
    """Return two columns: equal if rows agree in every field, and equal if they agree in the fields of `_KEY`."""
    values = {field: _value(field, kind) for field, kind in kinds.items()}
    key = [
        F.lower(value) if field == "EVENT_TYPE" else value for field, value in values.items() if field in _KEY
    ]
    return {_ROW_ID: _hashed(values.values()), _KEY_ID: _hashed(key)}


def _hashed(values: Iterable[Column]) -> Column:
    """Return 128 bits of the values, which are compared and moved faster than the values are.

    Each is hashed on top of those before it, with its length. A null, which would add nothing, has a flag.
    """
    flagged = [part for value in values for part in (value.isNull(), value)]
    return F.struct(F.xxhash64(*flagged).alias("first"), F.xxhash64(F.lit(0), *flagged).alias("second"))


def _value(field: str, kind: str) -> Column:
    """Return a field as text, the same for all ways of writing one value; empty is null."""
    text = F.when(F.col(field) != "", F.col(field))
    if field == "TIMESTAMP":
        number = text.cast("double")
        seconds = F.when(F.abs(number) >= F.lit(_MILLISECONDS_FROM), number / 1000).otherwise(number)
        return F.floor(seconds).cast("string")
    if kind in ("int", "long"):
        return F.coalesce(text.cast("decimal(20,0)").cast("string"), text)
    if kind in _NUMBERS:
        number = text.cast("float")
        return F.coalesce(F.when(number == 0, "0.0").otherwise(number.cast("string")), text)
    if kind == "boolean":
        return F.coalesce(text.cast("boolean").cast("string"), text)
    return text
