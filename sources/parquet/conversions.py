"""The type as which Spark reads a kind, and its conversion to the kind that all files share."""

from __future__ import annotations

import re

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from sources.parquet.kinds import NULL, Kind, ListOf, MapOf, Scalar, Struct

_READ_AS = {"uuid": "binary", "nanos": "bigint", "null": "int"}
_BECOMES = {"uuid": "string", "nanos": "timestamp", "null": "string"}
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_UUID_HEX = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))


def read_type(kind: Kind) -> T.DataType:
    """Return the Spark type as which a column of this kind is read from a file."""
    return _spark_type(kind, _READ_AS)


def final_type(kind: Kind) -> T.DataType:
    """Return the Spark type of the source's column: a UUID is text, nanoseconds are a timestamp."""
    return _spark_type(kind, _BECOMES)


def shaped_as(own: Kind | None, whole: Kind) -> Kind:
    """Return the kind as which a file's column is read: the fields of `whole`, with the file's own types.

    What the file lacks is null there, of any type.
    """
    if own is None:
        return whole
    if isinstance(own, ListOf) and isinstance(whole, ListOf):
        return ListOf(shaped_as(own.element, whole.element))
    if isinstance(own, MapOf) and isinstance(whole, MapOf):
        return MapOf(shaped_as(own.key, whole.key), shaped_as(own.value, whole.value))
    if isinstance(own, Struct) and isinstance(whole, Struct):
        return Struct(tuple((name, shaped_as(own.get(name), kind)) for name, kind in whole.fields))
    return own


def converted(column: Column, own: Kind, whole: Kind) -> Column:
    """Convert a column that was read as `own` into the type of `whole`; both have the same fields."""
    if own == NULL:
        return F.lit(None).cast(final_type(whole))
    if not _is_special(own):
        return column if read_type(own) == final_type(whole) else column.cast(final_type(whole))
    return _rebuilt(column, own, whole).cast(final_type(whole))


def _rebuilt(column: Column, own: Kind, whole: Kind) -> Column:
    if isinstance(own, ListOf) and isinstance(whole, ListOf):
        inner, outer = own.element, whole.element
        return F.transform(column, lambda each: converted(each, inner, outer))
    if isinstance(own, MapOf) and isinstance(whole, MapOf):
        return _map(column, own, whole)
    if isinstance(own, Struct) and isinstance(whole, Struct):
        return _struct(column, own, whole)
    return _uuid_text(column) if own == Scalar("uuid") else _from_nanos(column)


def _map(column: Column, own: MapOf, whole: MapOf) -> Column:
    entries = F.transform(
        F.map_entries(column),
        lambda each: F.struct(
            converted(each["key"], own.key, whole.key).alias("key"),
            converted(each["value"], own.value, whole.value).alias("value"),
        ),
    )
    return F.map_from_entries(entries)


def _struct(column: Column, own: Struct, whole: Struct) -> Column:
    # By number: a cast of structs goes by position, and some names, such as `a.b`, can't be asked for.
    numbered = column.cast(
        T.StructType(
            [T.StructField(f"_{index}", read_type(kind)) for index, (_, kind) in enumerate(own.fields)]
        )
    )
    fields = [
        converted(numbered.getField(f"_{index}"), kind, outer).alias(name)
        for index, ((name, kind), (_, outer)) in enumerate(zip(own.fields, whole.fields, strict=True))
    ]
    return F.when(column.isNotNull(), F.struct(*fields))


def _is_special(kind: Kind) -> bool:
    """Return whether a value within is read as another type than it is."""
    if isinstance(kind, ListOf):
        return _is_special(kind.element)
    if isinstance(kind, MapOf):
        return _is_special(kind.key) or _is_special(kind.value)
    if isinstance(kind, Struct):
        return any(_is_special(inner) for _, inner in kind.fields)
    return isinstance(kind, Scalar) and kind.name in _READ_AS


def _uuid_text(column: Column) -> Column:
    """Write 16 bytes as RFC 9562 does: 8-4-4-4-12 hexadecimal digits in lower case."""
    digits = F.lower(F.hex(column))
    parts = [F.substring(digits, start, length) for start, length in _UUID_HEX]
    return F.when(column.isNotNull(), F.concat_ws("-", *parts))


def _from_nanos(column: Column) -> Column:
    """Round nanoseconds down to the microseconds of Spark's timestamp, before 1970 too."""
    # A whole number of thousands: shifted as a decimal, since "/" on longs is a double's and loses digits.
    thousands = column - F.pmod(column, F.lit(1000).cast("bigint"))
    return F.timestamp_micros((thousands.cast("decimal(20,0)") / F.lit(1000)).cast("bigint"))


def _spark_type(kind: Kind, names: dict[str, str]) -> T.DataType:
    if isinstance(kind, ListOf):
        return T.ArrayType(_spark_type(kind.element, names))
    if isinstance(kind, MapOf):
        return T.MapType(_spark_type(kind.key, names), _spark_type(kind.value, names))
    if isinstance(kind, Struct):
        return T.StructType([T.StructField(name, _spark_type(inner, names)) for name, inner in kind.fields])
    if not isinstance(kind, Scalar):
        raise TypeError(f"{kind} can't be read")
    name = names.get(kind.name, kind.name)
    decimal = _DECIMAL.fullmatch(name)
    return T.DecimalType(int(decimal[1]), int(decimal[2])) if decimal else _SIMPLE[name]


_SIMPLE: dict[str, T.DataType] = {
    each.simpleString(): each
    for each in (
        T.BooleanType(), T.ByteType(), T.ShortType(), T.IntegerType(), T.LongType(), T.FloatType(), T.DoubleType(),
        T.StringType(), T.BinaryType(), T.DateType(), T.TimestampType(), T.TimestampNTZType(),
    )
}  # fmt: skip
