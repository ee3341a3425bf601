"""Columns of fractions, kept from being filtered by a scan: Spark evaluates such a filter itself.

Statistics, Parquet's and those of tables, know no NaN, which Spark takes for the largest number, and Parquet's
dictionaries no -0.0 that equals 0: a scan skips such rows. Fields of a struct are kept from it by a setting
(`spark.sql.optimizer.nestedPredicatePushdown.supportedFileSources`, in `jobs/spark/required_settings.py`).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from sources.columns import column_named


def for_spark_alone(fraction: Column) -> Column:
    """Return the column with the same values, in a form that is not pushed down."""
    return F.nanvl(fraction, fraction)


def fractions_for_spark_alone(rows: DataFrame) -> DataFrame:
    """Return the rows with each of their columns of fractions as `for_spark_alone`."""
    fractions = [
        field.name for field in rows.schema if isinstance(field.dataType, T.FloatType | T.DoubleType)
    ]
    return rows.withColumns({name: for_spark_alone(column_named(name)) for name in fractions})
