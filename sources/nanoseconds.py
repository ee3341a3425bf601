"""Timestamps in nanoseconds: what Spark's microseconds cut off, and by which mark a column is known as one."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from sources.columns import column_named
from sources.file_index import frame_of
from sources.layout import Layout
from sources.parquet.kinds import Scalar

_MARK = "nanoseconds_of"
_NANOS = Scalar("nanos")


def mark(layout: Layout, name: str) -> dict[str, str] | None:
    """Return the metadata of a column in the source's frame, which Spark keeps where a column is but renamed."""
    return {_MARK: name} if any(group.columns.get(name) == _NANOS for group in layout.groups) else None


def nanoseconds_of(column: T.StructField) -> str | None:
    """Return the name of the files' column in nanoseconds that this one is, by another name perhaps; else None."""
    name = (column.metadata or {}).get(_MARK)
    return name if isinstance(name, str) else None


def has_finer_than_micros(spark: SparkSession, layout: Layout, name: str) -> bool:
    """Return whether a value in the column has nanoseconds that Spark's timestamp cuts off; reads that column."""
    return any(
        not _finer(
            frame_of(spark, group.files, T.StructType([T.StructField(name, T.LongType())]), {})
        ).isEmpty()
        for group in layout.groups
        if group.columns.get(name) == _NANOS
    )


def _finer(rows: DataFrame) -> DataFrame:
    [name] = rows.columns
    return rows.where(F.pmod(column_named(name), F.lit(1000).cast("bigint")) != 0)
