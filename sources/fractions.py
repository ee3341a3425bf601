"""Keep filters on columns of fractions out of the scan: Spark evaluates them itself.

The statistics of Parquet and of tables have no NaN, which for Spark is the largest number, and in Parquet's
dictionaries -0.0 does not equal 0, so a scan skips such rows. For the fields of a struct in files, a setting does it
(`spark.sql.optimizer.nestedPredicatePushdown.supportedFileSources`, in `jobs/spark/required_settings.py`). Table
connectors have no such setting, so a table's struct with fractions is read whole.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from sources.columns import column_named
from sources.whole_structs import read_whole


def not_pushed_down(fraction: Column) -> Column:
    """Return the column with the same values, in a form that is not pushed down."""
    return F.nanvl(fraction, fraction)


def fractions_not_pushed_down(rows: DataFrame) -> DataFrame:
    """Return a table's rows so that filters on fractions, also within structs, are not pushed down."""
    alone = {field.name: _alone(column_named(field.name), field.dataType) for field in rows.schema}
    return rows.withColumns({name: column for name, column in alone.items() if column is not None})


def _alone(column: Column, kind: T.DataType) -> Column | None:
    """Return a column in a form that is not pushed down; None if it holds no fractions."""
    if isinstance(kind, T.FloatType | T.DoubleType):
        return not_pushed_down(column)
    return read_whole(column) if isinstance(kind, T.StructType) and _holds_fraction(kind) else None


def _holds_fraction(struct: T.StructType) -> bool:
    kinds = [field.dataType for field in struct]
    return any(
        isinstance(kind, T.FloatType | T.DoubleType)
        or (isinstance(kind, T.StructType) and _holds_fraction(kind))
        for kind in kinds
    )
