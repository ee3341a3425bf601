"""Timestamps in nanoseconds: Spark's microseconds drop their last three digits."""

from __future__ import annotations

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from sources.columns import column_named
from sources.file_index import frame_of
from sources.layout import Layout
from sources.parquet.conversions import read_type
from sources.parquet.kinds import NANOS, Kind, ListOf, MapOf, Struct
from sources.parquet.merging import at
from sources.used_columns import Path


def has_finer_than_micros(spark: SparkSession, layout: Layout, path: Path) -> bool:
    """Return whether a value at `path` has nanoseconds that Spark's timestamp drops; reads that column."""
    name, within = path[0], path[1:]
    return any(
        not frame_of(spark, group.files, T.StructType([T.StructField(name, read_type(kind))]), {})
        .where(_is_finer(column_named(name), kind, within))
        .isEmpty()
        for group in layout.groups
        if (kind := group.columns.get(name)) is not None and _leaf(kind, within) == NANOS
    )


def _leaf(kind: Kind, path: Path) -> Kind | None:
    return at(Struct((("", kind),)), ("", *path))


def _is_finer(column: Column, kind: Kind, path: Path) -> Column:
    """Return whether the value, or one within it at `path`, is not a whole number of microseconds."""
    if isinstance(kind, MapOf):
        return _is_finer(F.map_values(column), ListOf(kind.value), path)
    if isinstance(kind, ListOf):
        element = kind.element
        return F.exists(column, lambda each: _is_finer(each, element, path))
    if isinstance(kind, Struct) and (inner := kind.get(path[0])) is not None:
        return _is_finer(column.getField(path[0]), inner, path[1:])
    return F.pmod(column, F.lit(1000).cast("bigint")) != 0
