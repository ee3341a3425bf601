"""The Spark type that a kind is read as, and its conversion to the kind that all files share."""

from __future__ import annotations

import re
from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from sources.parquet.kinds import NULL, Kind, ListOf, MapOf, Scalar, Struct

_READ_AS = {"uuid": "binary", "nanos": "bigint", "millis": "bigint", "millis_ntz": "bigint", "null": "int"}
_BECOMES = {
    "uuid": "string", "nanos": "timestamp", "millis": "timestamp", "millis_ntz": "timestamp_ntz", "null": "string",
}  # fmt: skip
_MAX_MILLIS, _MAX_DAYS = (2**63 - 1) // 1000, (2**63 - 1) // 86_400_000_000
"""What Spark's microseconds hold: 292,000 years before and after 1970."""

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


def with_plain_millis(kind: Kind) -> Kind:
    """Return the kind with timestamps in milliseconds as Spark itself reads them.

    A filter on them then reaches the scan. But Spark fails on a timestamp that does not fit into its microseconds,
    which is null where it is read as a number and `converted`.
    """
    if isinstance(kind, ListOf):
        return ListOf(with_plain_millis(kind.element))
    if isinstance(kind, MapOf):
        return MapOf(with_plain_millis(kind.key), with_plain_millis(kind.value))
    if isinstance(kind, Struct):
        return Struct(tuple((name, with_plain_millis(inner)) for name, inner in kind.fields))
    plain = {Scalar("millis"): Scalar("timestamp"), Scalar("millis_ntz"): Scalar("timestamp_ntz")}
    return plain.get(kind, kind) if isinstance(kind, Scalar) else kind


def converted(column: Column, own: Kind, whole: Kind) -> Column:
    """Convert a column that was read as `own` into the type of `whole`; both have the same fields."""
    if own == NULL:
        return F.lit(None).cast(final_type(whole))
    if not _is_special(own, whole):
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
    return _FROM[own](column)


def _map(column: Column, own: MapOf, whole: MapOf) -> Column:
    """Convert a map. Only keys that no cast converts need a new map: Spark fails to build one with a key twice."""
    if not _is_special(own.key, whole.key):
        return F.transform_values(column, lambda _, value: converted(value, own.value, whole.value))
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


def _is_special(own: Kind, whole: Kind) -> bool:
    """Return whether a value within is read as a substitute type, or no cast converts it safely."""
    if isinstance(own, ListOf) and isinstance(whole, ListOf):
        return _is_special(own.element, whole.element)
    if isinstance(own, MapOf) and isinstance(whole, MapOf):
        return _is_special(own.key, whole.key) or _is_special(own.value, whole.value)
    if isinstance(own, Struct) and isinstance(whole, Struct):
        return any(
            _is_special(inner, outer) for (_, inner), (_, outer) in zip(own.fields, whole.fields, strict=True)
        )
    return isinstance(own, Scalar) and (own.name in _READ_AS or (own == Scalar("date") and own != whole))


def _uuid_text(column: Column) -> Column:
    """Write 16 bytes as RFC 9562 does: 8-4-4-4-12 hexadecimal digits in lower case."""
    digits = F.lower(F.hex(column))
    parts = [F.substring(digits, start, length) for start, length in _UUID_HEX]
    return F.when(column.isNotNull(), F.concat_ws("-", *parts))


def _from_nanos(column: Column) -> Column:
    """Round nanoseconds down to the microseconds of Spark's timestamp, before 1970 too."""
    # As a decimal: "/" on longs is a double's and loses digits, and the lowest long, numpy's NaT, would wrap around.
    return F.timestamp_micros(F.floor(column.cast("decimal(20,0)") / F.lit(1000)).cast("bigint"))


def _from_millis(column: Column) -> Column:
    """Return null for a number beyond Spark's microseconds: a mark of a missing time, on which Spark itself fails."""
    fits = column.between(F.lit(-_MAX_MILLIS), F.lit(_MAX_MILLIS))
    return F.timestamp_micros(F.when(fits, column * F.lit(1000)))


def _from_date(column: Column) -> Column:
    """Return null for a date beyond Spark's microseconds, on which a cast fails."""
    fits = F.unix_date(column).between(F.lit(-_MAX_DAYS), F.lit(_MAX_DAYS))
    return F.when(fits, column).cast("timestamp_ntz")


_FROM: dict[Kind, Callable[[Column], Column]] = {
    Scalar("uuid"): _uuid_text,
    Scalar("nanos"): _from_nanos,
    Scalar("millis"): _from_millis,
    Scalar("millis_ntz"): _from_millis,
    Scalar("date"): _from_date,
}


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
