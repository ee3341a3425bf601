"""The event's time: any type in the source, as microseconds since 1970 in UTC, or null.

A value that can't be read is null, never an exception: such a row is rejected later, for its time. A column
whose type can't be a time at all is an `InputError`. No unit is guessed: rows only note which unit would have
made their time plausible, so that a wrong one can be named (aws/aws-sdk-js issue 3370: milliseconds in place of
seconds are accepted by the service and silently have no effect).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from core.errors import InputError
from core.event_window import Window
from transforms.scalars import decimal_text

PER_SECOND = {"seconds": 1, "milliseconds": 1_000, "microseconds": 1_000_000, "nanoseconds": 1_000_000_000}
"""Numeric units, by how many of them a second holds."""

PLAUSIBLE_SECONDS = (315_532_800, 4_102_444_800)
"""From 1980-01-01 (inclusive) to 2100-01-01 (exclusive): no two numeric units make one number plausible."""

_INT64_MAX = 2**63 - 1
_MICROS_PER_SECOND = 1_000_000
_MICROS_PER_DAY = 86_400 * _MICROS_PER_SECOND
_ZONE = r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
_ISO8601 = (
    rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}([.][0-9]{{1,9}})?)?{_ZONE}?)?$"
)
_REWRITINGS = (
    (r" ?(UTC|GMT|Z)$", "Z"),  # BigQuery, Athena
    (r"^(.{11,}[0-9]) ([+-][0-9:]{2,6})$", "$1$2"),  # Snowflake
    (r"([0-9]),([0-9]+)", "$1.$2"),  # ISO 8601 prefers the comma; Python's logging writes it
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})(?=$|[T ])", "$1-$2-$3"),  # the basic format
    (r"^(.{10}[T ][0-9]{2})([0-9]{2})([0-9]{2})(?=$|[.Z+-])", "$1:$2:$3"),
    (r"^(.{10}[T ][0-9]{2})([0-9]{2})(?=$|[Z+-])", "$1:$2"),
    (rf"^(.{{10}}[T ][0-9]{{2}})(?={_ZONE}?$)", "$1:00"),  # the hour alone
    (r"^(.{13}:[0-9]{2})(Z|[+-].*)$", "$1:00$2"),  # ISO 8601, but not to Spark
)
"""Rewriting of other forms of ISO 8601, and those of warehouses: date, T, time with seconds, point, zone."""

PATTERNS = {
    "yyyy/MM/dd HH:mm:ss": r"[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}",
    "yyyy/MM/dd": r"[0-9]{4}/[0-9]{2}/[0-9]{2}",
    "dd/MM/yyyy HH:mm:ss": r"[0-9]{2}/[0-9]{2}/[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}",
    "dd/MM/yyyy HH:mm": r"[0-9]{2}/[0-9]{2}/[0-9]{4} [0-9]{2}:[0-9]{2}",
    "dd/MM/yyyy": r"[0-9]{2}/[0-9]{2}/[0-9]{4}",
    "dd.MM.yyyy HH:mm:ss": r"[0-9]{2}[.][0-9]{2}[.][0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}",
    "dd.MM.yyyy": r"[0-9]{2}[.][0-9]{2}[.][0-9]{4}",
    "dd/MMM/yyyy:HH:mm:ss Z": r"[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}",
    "yyyyMMddHHmmss": r"[0-9]{14}",
}
"""Patterns of Spark's to_timestamp, by the form of the texts that they read: what logs hold that is not ISO 8601."""

_AS_SPARK_READS_IT = (
    rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}([.][0-9]{{1,9}})?{_ZONE}?)?$"
)
_CUT = r"(\.\d{18})\d+"
_WHERE = "mapping.sentAt"


def to_micros(column: Column, unit: str | None, data_type: T.DataType) -> Column:
    """Read a time as long microseconds since 1970 in UTC, rounded down; null if it can't be read.

    A date or timestamp keeps its value, for any unit (one without zone is UTC: the session's zone). Numbers
    and numeric strings need a numeric unit; numbers without a unit are seconds. Under `iso8601` or
    `timestamp` a string is ISO 8601 with a date, UTC unless it says otherwise, and a number is unreadable.

    Raises:
        InputError: a string has no unit, or the type holds no time.
    """
    if isinstance(data_type, T.DateType):
        return _date_to_micros(column)
    if isinstance(data_type, (T.TimestampType, T.TimestampNTZType)):
        return F.unix_micros(column.cast("timestamp"))
    if isinstance(data_type, T.StringType):
        return _string_to_micros(column, unit)
    if not isinstance(data_type, (T.NumericType, T.NullType)):
        raise InputError(
            f"{_WHERE}.expr: gives {data_type.simpleString()}, which holds no time. Map another column."
        )
    if unit is None or unit in PER_SECOND:
        return _number_to_micros(column, PER_SECOND[unit or "seconds"], data_type)
    return F.lit(None).cast("long")


def to_seconds(micros: Column) -> Column:
    """Round microseconds down to the whole seconds that PutEvents takes; long, null for null."""
    return F.unix_seconds(F.timestamp_micros(micros))


def is_within(micros: Column, window: Window) -> Column:
    """Return for each row whether its time is in `window`, never null; a null time is in every window."""
    inside = F.lit(True)
    if window.since is not None:
        inside = inside & (micros >= F.lit(window.since))
    if window.until is not None:
        inside = inside & (micros < F.lit(window.until))
    return micros.isNull() | inside


def may_be_within(column: Column, unit: str | None, data_type: T.DataType, window: Window) -> Column:
    """Bound the source's own column, so that Parquet can skip what is outside the window; never null.

    False only if `is_within(to_micros(…), window)` is false; true for every row of a type whose order Parquet's
    statistics don't show (strings, doubles, decimals). Unreadable times are in every window: true.
    """
    if isinstance(data_type, T.TimestampType):
        # In a file of milliseconds, Spark's scan cuts off the digits of a finer bound, and would skip times below it.
        until = None if window.until is None else -(-window.until // 1000) * 1000
        return column.isNull() | _between(column, window.since, until, F.timestamp_micros)
    if not isinstance(data_type, T.IntegralType) or (unit or "seconds") not in PER_SECOND:
        return F.lit(True)
    per_second = PER_SECOND[unit or "seconds"]
    since, until = (
        bound if bound is None else -(-bound * per_second // _MICROS_PER_SECOND)
        for bound in (window.since, window.until)
    )
    if any(abs(bound or 0) > _INT64_MAX for bound in (since, until)):
        return F.lit(True)
    limit = _limit(per_second)
    number = column.cast("long")
    unreadable = column.isNull() | (number < F.lit(-limit)) | (number > F.lit(limit))
    return unreadable | _between(number, since, until, lambda bound: bound)


def unit_instead(column: Column, unit: str | None, data_type: T.DataType) -> Column:
    """Return the numeric unit other than `unit` that would put the time between 1980 and 2100; null if none would.

    A string: one of `PER_SECOND` for numbers and numeric strings, one of `PATTERNS` for texts of its form; null for
    dates and timestamps. In a well mapped source nearly every row has null, which costs next to nothing to keep.
    """
    if isinstance(data_type, T.StringType):
        number = _numeric_string(column)
        patterns = [F.when(F.trim(column).rlike(f"^{form}$"), name) for name, form in PATTERNS.items()]
        return F.coalesce(_unit_instead(number, unit), *patterns)
    if isinstance(data_type, T.NumericType):
        number = _number(column, data_type)
    else:
        return F.lit(None).cast("string")
    return _unit_instead(number, unit)


def better_unit(votes: Mapping[str, int], rows: int) -> str | None:
    """Return the unit or pattern that makes most of `rows` times plausible, as the configured unit does not.

    `votes` counts the rows by their `unit_instead`. None if there is nothing to advise.
    """
    return next((unit for unit in (*PER_SECOND, *PATTERNS) if 2 * votes.get(unit, 0) > rows), None)


def _unit_instead(number: Column, unit: str | None) -> Column:
    others = [other for other in PER_SECOND if other != (unit or "seconds")]
    return F.coalesce(*(F.when(_is_plausible(number, PER_SECOND[other]), other) for other in others))


def _date_to_micros(column: Column) -> Column:
    """Multiply if the product fits a long: a cast of a date after the year 294,247 ends the whole Spark job."""
    days, limit = F.unix_date(column).cast("long"), _INT64_MAX // _MICROS_PER_DAY
    return F.when(days.between(F.lit(-limit), F.lit(limit)), days * F.lit(_MICROS_PER_DAY))


def _string_to_micros(column: Column, unit: str | None) -> Column:
    if unit is None:
        raise InputError(
            f"{_WHERE}.expr: gives strings, which may hold anything. Set {_WHERE}.unit to iso8601 "
            f"or, for digits, to one of {', '.join(PER_SECOND)}."
        )
    if unit in PER_SECOND:
        return _number_to_micros(_numeric_string(column), PER_SECOND[unit], T.DecimalType(38, 18))
    text = F.trim(column)
    # Most texts need no rewriting. Spark alone would read "12:30" as today's, and a bare year as its first
    # day.
    rewritten = F.when(text.rlike(_AS_SPARK_READS_IT), text).otherwise(_rewritten(text))
    return F.unix_micros(F.when(rewritten.rlike(_ISO8601), rewritten).cast("timestamp"))


def _rewritten(text: Column) -> Column:
    text = F.upper(text)
    for pattern, replacement in _REWRITINGS:
        text = F.regexp_replace(text, pattern, replacement)
    return text


def _numeric_string(column: Column) -> Column:
    """Read 20 digits before the point and 18 after it: what follows is cut, where a cast would round it up."""
    return F.regexp_replace(decimal_text(column), _CUT, "$1").cast("decimal(38,18)")


def _number(column: Column, data_type: T.DataType) -> Column:
    """Widen to long, double or its own decimal, so that no product is computed in 32 bits."""
    if isinstance(data_type, T.DecimalType):
        return column
    return column.cast("double" if isinstance(data_type, (T.FloatType, T.DoubleType)) else "long")


def _number_to_micros(column: Column, per_second: int, data_type: T.DataType) -> Column:
    """Multiply if the product fits a long: without ANSI mode Spark would wrap it, and make NaN 0."""
    number = _number(column, data_type)
    if isinstance(data_type, T.DecimalType):
        number = _whole_micros(number, per_second)
    limit = _limit(per_second)
    fits = number.between(F.lit(-limit), F.lit(limit))
    if isinstance(data_type, (T.FloatType, T.DoubleType)):
        fits = F.abs(number) < F.lit(float(limit))  # 2^63 - 1 as a double is 2^63 already
    return F.when(fits, F.floor(_in_micros(number, per_second, data_type)).cast("long"))


def _whole_micros(number: Column, per_second: int) -> Column:
    """Cut off what is finer than a microsecond: a product or quotient of more than 38 digits could be rounded up.

    In Spark 3.5, a comparison of so many decimals with a large number gives null.
    """
    digits = len(str(_MICROS_PER_SECOND // per_second)) - 1 if per_second < _MICROS_PER_SECOND else 0
    return F.call_function("floor", number, F.lit(digits))


def _limit(per_second: int) -> int:
    """Return the largest number of units that a long holds, as itself and in microseconds."""
    return _INT64_MAX // max(_MICROS_PER_SECOND // per_second, 1)


def _in_micros(number: Column, per_second: int, data_type: T.DataType) -> Column:
    if per_second <= _MICROS_PER_SECOND:
        return number * F.lit(_MICROS_PER_SECOND // per_second)
    units = per_second // _MICROS_PER_SECOND
    # As a decimal: a quotient of longs is a double's, which has fewer digits than nanoseconds need.
    exact = number.cast("decimal(20,0)") if isinstance(data_type, T.IntegralType) else number
    return exact / F.lit(units)


def _between(
    column: Column, since: int | None, until: int | None, typed: Callable[[Column], Column]
) -> Column:
    inside = F.lit(True)
    if since is not None:
        inside = inside & (column >= typed(F.lit(since)))
    if until is not None:
        inside = inside & (column < typed(F.lit(until)))
    return inside


def _is_plausible(number: Column, per_second: int) -> Column:
    low, high = (second * per_second for second in PLAUSIBLE_SECONDS)
    return (number >= F.lit(low)) & (number < F.lit(high))
