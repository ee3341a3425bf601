"""Scalars: one mapped value read as an id or as a type of the Interactions schema, or as null.

Nothing here raises over a value: what can't be read is null, and the row is rejected for it later. Only a
column whose type can never be read as asked is `BadInput`. Spark's own casts are too generous to be used
bare: they make 3 of '3.7', 0 of NaN, and wrap what does not fit.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from transforms.errors import BadInput

_FRACTIONAL = (T.FloatType, T.DoubleType)
_RANGE = {"int": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
_READABLE = (T.StringType, T.BooleanType, T.NumericType, T.NullType)
_ID_TYPES = (*_READABLE, T.BinaryType, T.DateType, T.TimestampType, T.TimestampNTZType)
_DOUBLE_WITH_SUFFIX = r"[dDfF]\s*$"


def id_text(column: Column, data_type: T.DataType, where: str) -> Column:
    """Write an id as string, its text untouched; `where` is the configuration key that errors name.

    A whole number held in a double is written without ".0": pandas makes doubles of ints as soon as one is
    missing, and "123.0" would be another item than "123". NaN stays "NaN", for a rule to reject.

    Raises `BadInput` for arrays, maps, structs and intervals.
    """
    if isinstance(data_type, _FRACTIONAL):
        whole = (column == F.floor(column)) & (F.abs(column) < F.lit(2.0**63))
        return F.when(whole, column.cast("long").cast("string")).otherwise(column.cast("string"))
    if not isinstance(data_type, _ID_TYPES):
        raise BadInput(f"{where} gives {data_type.simpleString()}, not one value: pick a part of it.")
    return column.cast("string")


def read_as(column: Column, data_type: T.DataType, target: str, where: str) -> Column:
    """Read a value as the schema type `target`: string, int, long, float, double or boolean.

    Null where the value can't be read without loss of meaning: a fraction or an overflow for int and long,
    text that is no number, a number other than 0 and 1 for a boolean. Rounding to float is no such loss.

    Raises `BadInput` when no value of `data_type` can be read as `target`.
    """
    readers = {"string": _as_text, "boolean": _as_boolean, "float": _as_fractional, "double": _as_fractional}
    if not isinstance(data_type, _ID_TYPES if target == "string" else _READABLE):
        raise BadInput(f"{where} gives {data_type.simpleString()}, the field is {target}: cast it to that.")
    return readers.get(target, _as_whole)(column, data_type, target).cast(_spark_type(target))


def is_unreadable(value: Column, read: Column) -> Column:
    """Say whether a value was there but could not be read; boolean, never null."""
    return value.isNotNull() & read.isNull()


def _spark_type(target: str) -> str:
    return "bigint" if target == "long" else target


def _as_text(column: Column, _data_type: T.DataType, _target: str) -> Column:
    return column.cast("string")


def _as_boolean(column: Column, data_type: T.DataType, _target: str) -> Column:
    if isinstance(data_type, T.NumericType):
        return F.when(column.isin(0, 1), column.cast("boolean"))
    return column.cast("boolean")


def _as_fractional(column: Column, data_type: T.DataType, target: str) -> Column:
    if isinstance(data_type, T.StringType):  # Java reads '5d' and '5f' as numbers
        return F.when(~column.rlike(_DOUBLE_WITH_SUFFIX), column.cast(target))
    return column.cast("int").cast(target) if isinstance(data_type, T.BooleanType) else column.cast(target)


def _as_whole(column: Column, data_type: T.DataType, target: str) -> Column:
    if isinstance(data_type, (T.BooleanType, T.NullType)):
        return column.cast("long")
    number = F.trim(column).cast("decimal(38,18)") if isinstance(data_type, T.StringType) else column
    low, high = _RANGE[target]
    if isinstance(data_type, _FRACTIONAL):  # the long range's upper end is no double: the next one down is
        fits = (number >= F.lit(float(low))) & (number < F.lit(float(high + 1)))
    else:
        fits = number.between(F.lit(low), F.lit(high))
    whole = F.lit(True) if isinstance(data_type, T.IntegralType) else number == F.floor(number)
    return F.when(fits & whole, number.cast("long"))
