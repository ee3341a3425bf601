"""Refusal of nanoseconds as text: of different ids, Spark's microseconds would make one."""

from __future__ import annotations

from contextlib import suppress

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import DataFrame, SparkSession

from core.errors import InputError
from jobs.errors import UsageError
from sources.layout import Layout
from sources.nanoseconds import has_finer_than_micros, nanoseconds_of
from transforms.expressions import resolve
from transforms.mapping import MappingSettings


def refuse_cut_times(spark: SparkSession, rows: DataFrame, layout: Layout, mapping: MappingSettings) -> None:
    """Refuse a column in nanoseconds that is sent as text, if a value is no whole number of microseconds.

    As `sentAt` it is cut to seconds anyway, and an expression of the user's own makes of it what it says.

    Raises:
        UsageError: it names the mapping's key and the files' column.
    """
    if not any(map(nanoseconds_of, rows.schema.fields)):
        return
    for part, expr in texts_of(mapping).items():
        column = _column(rows, expr, part)
        if column is not None and has_finer_than_micros(spark, layout, column):
            raise UsageError(
                f"mapping.{part}: column {column} has times in nanoseconds, of which Spark keeps the microseconds: "
                "different values would become one. Write the column as text or as a number."
            )


def texts_of(mapping: MappingSettings) -> dict[str, str]:
    """Return the expressions whose values may be sent as text, by their keys: all but the time's."""
    properties = {f"properties.{name}": each.expr for name, each in mapping.properties.items()}
    return {part: expr for part, expr in (mapping.expressions() | properties).items() if part != "sentAt"}


def _column(rows: DataFrame, expr: str, part: str) -> str | None:
    """Return the files' column in nanoseconds that `expr` names; an expression that can't be used is refused later."""
    with suppress(InputError, AnalysisException, ParseException):
        return nanoseconds_of(rows.select(resolve(rows, expr, part)).schema.fields[0])
    return None
