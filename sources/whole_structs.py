"""Structs that Spark has to read whole: before 4.1 it takes one for null where a file has none of the fields in use.

From 4.1 on, `spark.sql.legacy.parquet.returnNullStructIfAllFieldsMissing` prevents that (SPARK-53535). The price of
reading a struct whole is that all its fields are read, not only those in use.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from sources.columns import column_named
from sources.parquet.kinds import Kind, ListOf, MapOf, Struct

_SINCE = (4, 1)


def takes_structs_for_null(spark: SparkSession) -> bool:
    """Return whether this Spark takes a struct for null where a file has none of the fields in use."""
    major, minor = spark.version.split(".")[:2]
    return (int(major), int(minor)) < _SINCE


def read_whole(column: Column) -> Column:
    """Return the column with the same values, in a form that is neither filtered nor shortened by a scan.

    Spark's optimizer sees through a CASE WHEN and a coalesce of a column that is never null, but not through this.
    """
    return F.element_at(F.array(column), F.lit(1))


def structs_read_whole(rows: DataFrame) -> DataFrame:
    """Return the rows of a table with each column that holds structs as `read_whole`, where this Spark needs it."""
    if not takes_structs_for_null(rows.sparkSession):
        return rows
    held = [field.name for field in rows.schema if _holds_struct(field.dataType)]
    return rows.withColumns({name: read_whole(column_named(name)) for name in held})


def lacks_fields(own: Kind, whole: Kind) -> bool:
    """Return whether a struct in a file's column, at any depth, lacks a field of the whole column's."""
    if isinstance(own, ListOf) and isinstance(whole, ListOf):
        return lacks_fields(own.element, whole.element)
    if isinstance(own, MapOf) and isinstance(whole, MapOf):
        return lacks_fields(own.key, whole.key) or lacks_fields(own.value, whole.value)
    if isinstance(own, Struct) and isinstance(whole, Struct):
        pairs = [(own.get(name), kind) for name, kind in whole.fields]
        return any(inner is None or lacks_fields(inner, kind) for inner, kind in pairs)
    return False


def _holds_struct(kind: T.DataType) -> bool:
    if isinstance(kind, T.ArrayType):
        return _holds_struct(kind.elementType)
    if isinstance(kind, T.MapType):
        return _holds_struct(kind.keyType) or _holds_struct(kind.valueType)
    return isinstance(kind, T.StructType)
