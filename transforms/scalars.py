"""Scalars: one mapped value read as an id or as a type of the Interactions schema, or as null.

A value that can't be read is null, and the row is rejected for it later. Only a column whose type can never be read
as asked is `InputError`. Spark's own casts are too generous: they make 3 of '3.7', 0 of NaN, and wrap what does not
fit.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from core.errors import InputError

FRACTIONAL = (T.FloatType, T.DoubleType)
_RANGE = {"int": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
_READABLE = (T.StringType, T.BooleanType, T.NumericType, T.NullType)
_ID_TYPES = (*_READABLE, T.BinaryType, T.DateType, T.TimestampType, T.TimestampNTZType)
_EXPONENT = r"^(-?)(\d+)(?:\.(\d+))?E(-?\d+)$"
_MAX_EXPONENT = 400
"""At most 324 for a double, 38 for a decimal."""

_SCIENTIFIC = r"^[\x00-\x20]*[+-]?[\d.]{1,20}[eE][+-]?\d{1,3}[\x00-\x20]*$"
"""Up to 19 digits: one or more before the point, and at most 18 after it."""

_MAX_NUMBER = 1000
_BEYOND_18_DECIMALS = r"\.[^eE]{18}0*[^0eE\x00-\x20]"
_NOT_ZERO = r"^[^1-9]*[1-9][^eE]*[eE]"
_DOUBLE_WITH_SUFFIX = r"[dDfF]\s*$"


def present(column: Column, data_type: T.DataType) -> Column:
    """Return the value: null for NaN, as pandas writes a missing number, and text for bytes.

    Writers that do not annotate text declare it as bytes. Nothing is validated here, see `is_no_text`.
    """
    if isinstance(data_type, FRACTIONAL):
        return F.when(~F.isnan(column), column)
    return column.cast("string") if isinstance(data_type, T.BinaryType) else column


def id_text(column: Column, data_type: T.DataType, where: str) -> Column:
    """Write an id as `as_text` does; `where` is the configuration key that errors name.

    Raises:
        InputError: the type is an array, map, struct or interval.
    """
    if not isinstance(data_type, _ID_TYPES):
        raise InputError(f"{where}: gives {data_type.simpleString()}, not one value. Pick a part of it.")
    return as_text(column, data_type)


def as_text(column: Column, data_type: T.DataType) -> Column:
    """Write a value as text: one text for each value, and no two values alike.

    A number is written in its shortest form, without exponent: pandas makes doubles of ints as soon as one
    is missing, and "123.0" would be another item than "123". NaN is null. Text and bytes are kept if they
    are UTF-8, and are null if they are not (see `is_no_text`): as replacement characters, different values
    would become one.
    """
    if isinstance(data_type, FRACTIONAL):
        digits = _without_exponent(column.cast("string"))
        return F.when(is_whole(column), whole_text(column)).when(~F.isnan(column), digits)
    if isinstance(data_type, T.DecimalType):
        return (
            _shortest(_without_exponent(column.cast("string"))) if data_type.scale else column.cast("string")
        )
    if isinstance(data_type, (T.StringType, T.BinaryType)):
        return F.when(_is_utf8(column, data_type), column.cast("string"))
    return column.cast("string")


def is_whole(number: Column) -> Column:
    """Return whether a floating-point number is a whole one that a long holds; null for null."""
    return (number == F.floor(number)) & (F.abs(number) < F.lit(2.0**63))


def whole_text(number: Column) -> Column:
    """Write a floating-point number that `is_whole` as any whole number is written."""
    return number.cast("long").cast("string")


def decimal_text(text: Column) -> Column:
    """Return a text if a cast to a decimal reads it quickly, else null.

    A cast of '1e-99999999' would write a hundred million digits, which takes minutes. So an exponent may have at most
    three digits, a number with an exponent 19, and any number 1,000.
    """
    has_exponent = text.contains("e") | text.contains("E")
    is_short = F.octet_length(text) <= _MAX_NUMBER
    return F.when(is_short & (~has_exponent | text.rlike(_SCIENTIFIC)), text)


def is_no_text(column: Column, data_type: T.DataType) -> Column:
    """Return whether a value is bytes, or a file's text, that is not valid UTF-8; boolean, null for null."""
    if isinstance(data_type, (T.StringType, T.BinaryType)):
        return ~_is_utf8(column, data_type)
    return F.lit(False)


def read_as(column: Column, data_type: T.DataType, target: str, where: str) -> Column:
    """Read a value as the schema type `target`: string, int, long, float, double or boolean.

    Null if the value can't be read without loss of meaning: a fraction or an overflow for int and long,
    text that is not a number, a number other than 0 and 1 for a boolean. Rounding to float is not such a loss.

    Raises:
        InputError: no value of `data_type` can be read as `target`.
    """
    readers = {"string": _as_text, "boolean": _as_boolean, "float": _as_fractional, "double": _as_fractional}
    if not isinstance(data_type, _ID_TYPES if target == "string" else _READABLE):
        raise InputError(
            f"{where}: gives {data_type.simpleString()}, the field is {target}. Cast it to that."
        )
    return readers.get(target, _as_whole)(column, data_type, target).cast(_spark_type(target))


def is_unreadable(value: Column, read: Column) -> Column:
    """Return whether a value was there but could not be read; boolean, never null."""
    return value.isNotNull() & read.isNull()


def _spark_type(target: str) -> str:
    return "bigint" if target == "long" else target


def _as_text(column: Column, data_type: T.DataType, _target: str) -> Column:
    return as_text(column, data_type)


def _is_utf8(column: Column, data_type: T.DataType) -> Column:
    """Return whether text or bytes are valid UTF-8; Spark itself does not check a file's text."""
    text = column.cast("string") if isinstance(data_type, T.BinaryType) else column
    if hasattr(F, "is_valid_utf8"):  # since Spark 4.0
        return F.is_valid_utf8(text)
    # Before 4.0: Java replaces invalid bytes as it decodes them.
    return F.encode(text, "UTF-8") == text.cast("binary")


def _without_exponent(number: Column) -> Column:
    """Write `1.25E7` as `12500000` and `1E-7` as `0.0000001`; keep a number without exponent."""
    sign = F.regexp_extract(number, _EXPONENT, 1)
    digits = F.concat(F.regexp_extract(number, _EXPONENT, 2), F.regexp_extract(number, _EXPONENT, 3))
    exponent = F.regexp_extract(number, _EXPONENT, 4).cast("int")
    # The digits with enough zeros on both sides; the point is 400 + 1 + exponent characters from the left.
    zeros = "0" * _MAX_EXPONENT
    padded = F.concat(F.lit(zeros), digits, F.lit(zeros))
    point = exponent + (_MAX_EXPONENT + 1)
    whole = F.regexp_replace(padded.substr(F.lit(1), point), r"^0+(?=.)", "")
    fraction = F.regexp_replace(padded.substr(point + 1, F.lit(2 * _MAX_EXPONENT)), r"0+$", "")
    plain = F.concat(sign, whole, F.when(fraction != "", F.concat(F.lit("."), fraction)).otherwise(""))
    return F.when(number.contains("E"), plain).otherwise(number)


def _shortest(number: Column) -> Column:
    """Remove the zeros at the end of a fraction, and a point that nothing follows."""
    return F.when(number.contains("."), F.regexp_replace(number, r"\.?0+$", "")).otherwise(number)


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
    number = _exact_decimal(column) if isinstance(data_type, T.StringType) else column
    low, high = _RANGE[target]
    if isinstance(data_type, FRACTIONAL):  # the largest long is not a double: the next double below it is
        fits = (number >= F.lit(float(low))) & (number < F.lit(float(high + 1)))
    else:
        fits = number.between(F.lit(low), F.lit(high))
    return F.when(fits & _has_no_fraction(number, data_type), number.cast("long"))


def _exact_decimal(text: Column) -> Column:
    """Read a number of up to 18 decimals; null for more, which a cast would round, to a whole number or to zero."""
    text = decimal_text(text)
    number = text.cast("decimal(38,18)")
    is_exact = ~text.rlike(_BEYOND_18_DECIMALS) & ((number != 0) | ~text.rlike(_NOT_ZERO))
    return F.when(is_exact, number)


def _has_no_fraction(number: Column, data_type: T.DataType) -> Column:
    if isinstance(data_type, T.IntegralType):
        return F.lit(True)
    if isinstance(data_type, FRACTIONAL):
        return number == F.floor(number)
    return number % 1 == 0  # to compare two decimals, Spark rounds what 38 digits don't hold
