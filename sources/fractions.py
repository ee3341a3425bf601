"""Columns of fractions, kept from being filtered by a scan: Spark evaluates such a filter itself.

Statistics, Parquet's and those of tables, know no NaN, which Spark takes for the largest number, and Parquet's
dictionaries no -0.0 that equals 0: a scan skips such rows. Fields of a struct are kept from a scan of files by a
setting (`spark.sql.optimizer.nestedPredicatePushdown.supportedFileSources`, in `jobs/spark/required_settings.py`).
The connectors of tables have none such: of a table, a struct with fractions is read whole.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from sources.columns import column_named
from sources.whole_structs import read_whole


def for_spark_alone(fraction: Column) -> Column:
    """Return the column with the same values, in a form that is not pushed down."""
    return F.nanvl(fraction, fraction)


def fractions_for_spark_alone(rows: DataFrame) -> DataFrame:
    """Return a table's rows with each column of fractions, or of structs with fractions, in a form for Spark alone."""
    alone = {field.name: _alone(column_named(field.name), field.dataType) for field in rows.schema}
    return rows.withColumns({name: column for name, column in alone.items() if column is not None})


def _alone(column: Column, kind: T.DataType) -> Column | None:
    """Return a column as no scan filters it; None for one that holds no fraction which a scan could filter."""
    if isinstance(kind, T.FloatType | T.DoubleType):
        return for_spark_alone(column)
    return read_whole(column) if isinstance(kind, T.StructType) and _holds_fraction(kind) else None


def _holds_fraction(struct: T.StructType) -> bool:
    kinds = [field.dataType for field in struct]
    return any(
        isinstance(kind, T.FloatType | T.DoubleType)
        or (isinstance(kind, T.StructType) and _holds_fraction(kind))
        for kind in kinds
    )
