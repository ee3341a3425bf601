from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from core.errors import InputError
from core.event_window import Window
from transforms.timestamps import (
    PER_SECOND,
    better_unit,
    is_within,
    may_be_within,
    to_micros,
    to_seconds,
    unit_instead,
)

SECOND = 1_700_000_000
MICROS = SECOND * 1_000_000


def read(spark: SparkSession, values: list[Any], data_type: T.DataType, unit: str | None) -> list[int | None]:
    df = spark.createDataFrame([(value,) for value in values], T.StructType([T.StructField("t", data_type)]))
    return [row[0] for row in df.select(to_micros(F.col("t"), unit, data_type)).collect()]


@pytest.mark.parametrize(("unit", "per_second"), PER_SECOND.items())
def test_whole_numbers_count_in_their_unit(spark: SparkSession, unit: str, per_second: int) -> None:
    values = [SECOND * per_second, 0, -per_second, None]
    assert read(spark, values, T.LongType(), unit) == [MICROS, 0, -1_000_000, None]


def test_nanoseconds_are_rounded_down(spark: SparkSession) -> None:
    values = [SECOND * 10**9 + 123_456_789, -1, 2**63 - 1, -(2**63) + 1]
    want = [MICROS + 123_456, -1, (2**63 - 1) // 1000, (-(2**63) + 1) // 1000]
    assert read(spark, values, T.LongType(), "nanoseconds") == want
    assert read(spark, ["1700000000123456789"], T.StringType(), "nanoseconds") == [MICROS + 123_456]


def test_a_number_without_a_unit_is_seconds(spark: SparkSession) -> None:
    assert read(spark, [7], T.IntegerType(), None) == [7_000_000]


def test_a_number_too_large_for_a_long_of_microseconds_is_unreadable_not_wrapped(spark: SparkSession) -> None:
    edge = (2**63 - 1) // 1_000_000
    got = read(spark, [edge, edge + 1, -edge, 2**63 - 1, -(2**63)], T.LongType(), "seconds")
    assert got == [edge * 1_000_000, None, -edge * 1_000_000, None, None]


def test_doubles_keep_their_fraction_and_lose_nan_and_infinity(spark: SparkSession) -> None:
    values = [SECOND + 0.5, float("nan"), float("inf"), float("-inf"), 1e300, 9.3e12, None]
    assert read(spark, values, T.DoubleType(), "seconds") == [MICROS + 500_000, *[None] * 6]
    assert read(spark, [2.0**63, -1.5], T.DoubleType(), "microseconds") == [None, -2]


def test_a_float_is_not_multiplied_in_32_bits(spark: SparkSession) -> None:
    assert read(spark, [16_777_215.0], T.FloatType(), "seconds") == [16_777_215_000_000]


def test_decimals_and_numeric_strings_are_exact(spark: SparkSession) -> None:
    decimals = [
        Decimal("1700000000.999999999"),
        Decimal("-0.000000001"),
        Decimal("99999999999999999999.0"),
        None,
    ]
    assert read(spark, decimals, T.DecimalType(38, 9), "seconds") == [MICROS + 999_999, -1, None, None]
    strings = [" 1700000000.999999999 ", "1.7e9", "1700000000123", "NaN", "", "abc", "12:30", None, "1e400"]
    want = [MICROS + 999_999, MICROS, 1_700_000_000_123_000_000, *[None] * 6]
    assert read(spark, strings, T.StringType(), "seconds") == want


def test_decimals_of_more_digits_than_a_product_holds_are_rounded_down(spark: SparkSession) -> None:
    """Spark rounds the 39th digit of a product, and the 19th decimal of a text, up to the next second."""
    texts = ["1699999999.9999999999999999999", "16999999999999999999e-10", "-0.0000000001"]
    assert read(spark, texts, T.StringType(), "seconds") == [MICROS - 1, MICROS - 1, -1]
    for unit, scale in (("seconds", 18), ("seconds", 28), ("milliseconds", 18), ("microseconds", 18)):
        before = Decimal(f"{SECOND * PER_SECOND[unit] - 1}.{'9' * scale}")
        assert read(spark, [before], T.DecimalType(38, scale), unit) == [MICROS - 1]


def test_dates_and_timestamps_are_what_they_say_for_any_unit(spark: SparkSession) -> None:
    moment = datetime(2023, 11, 14, 22, 13, 20, 5, tzinfo=UTC)
    for unit in (None, "timestamp", "seconds"):
        assert read(spark, [moment, None], T.TimestampType(), unit) == [MICROS + 5, None]
        naive = read(spark, [moment.replace(tzinfo=None)], T.TimestampNTZType(), unit)
        assert naive == [MICROS + 5]
        assert read(spark, [date(1970, 1, 2)], T.DateType(), unit) == [86_400_000_000]


@pytest.mark.parametrize("unit", ["iso8601", "timestamp"])
def test_iso_strings_are_utc_unless_they_say_otherwise(spark: SparkSession, unit: str) -> None:
    texts = {
        "2023-11-14T22:13:20Z": MICROS,
        "2023-11-14T22:13:20.000005Z": MICROS + 5,
        "2023-11-14T22:13:20.123456789": MICROS + 123_456,
        "2023-11-14 22:13:20": MICROS,
        " 2023-11-14T22:13:20 ": MICROS,
        "2023-11-15T00:13:20+02:00": MICROS,
        "2023-11-15T00:13:20+0200": MICROS,
        "2023-11-15T00:13:20+02": MICROS,
        "2023-11-14T17:13:20-05:00": MICROS,
        "2023-11-14T22:13Z": MICROS - 20_000_000,
        "1970-01-02": 86_400_000_000,
        "2023-11-14 22:13:20 UTC": MICROS,
        "2023-11-14 22:13:20.000005 UTC": MICROS + 5,
        "2023-11-14 22:13:20 Z": MICROS,
        "2023-11-14 22:13:20+0000": MICROS,
        "2023-11-14 22:13:20 +0000": MICROS,
        "2023-11-14 14:13:20.000 -0800": MICROS,
        "2023-11-14 22:13:20 +00:00": MICROS,
        "2023-11-14T22Z": MICROS - 800_000_000,
        "2023-11-14T22": MICROS - 800_000_000,
        "2023-11-15 00+02": MICROS - 800_000_000,
        "20231114T221320Z": MICROS,
        "20231114T221320.5Z": MICROS + 500_000,
        "20231114T2213Z": MICROS - 20_000_000,
        "20231114T22": MICROS - 800_000_000,
        "20231115T001320+0200": MICROS,
        "19700102": 86_400_000_000,
        "2023-11-14T22:13:20,5Z": MICROS + 500_000,
        "2023-11-14 22:13:20,123": MICROS + 123_000,
        "2023-11-14t22:13:20z": MICROS,
        "2023-11-14T22:13": MICROS - 20_000_000,
    }
    assert read(spark, list(texts), T.StringType(), unit) == list(texts.values())


def test_strings_that_spark_would_guess_a_date_for_are_unreadable(spark: SparkSession) -> None:
    guesses = ["12:30", "T12:30:00", "2023", "2023-11", "1700000000", "2023-02-30", "today", "now", "", "nan"]
    guesses += [
        "2023-11-14T25:00:00Z",
        "2023-11-14T",
        "20231301",
        "2023-11-14 UTC",
        "14/11/2023",
        "2023-11-14T22:13:20 Mars",
        "2023-11-14T22:13:",
        "2023-11-14T22:13:+01:00",
    ]
    assert read(spark, guesses, T.StringType(), "iso8601") == [None] * len(guesses)


def test_numbers_are_not_timestamps(spark: SparkSession) -> None:
    for unit in ("timestamp", "iso8601"):
        assert read(spark, [SECOND], T.LongType(), unit) == [None]


@pytest.mark.usefixtures("spark")
def test_a_column_that_can_hold_no_time_says_so() -> None:
    with pytest.raises(InputError, match=r"mapping\.sentAt\.unit"):
        to_micros(F.col("t"), None, T.StringType())
    with pytest.raises(InputError, match="boolean"):
        to_micros(F.col("t"), "seconds", T.BooleanType())


def test_seconds_are_rounded_down_also_before_1970(spark: SparkSession) -> None:
    micros = [MICROS + 999_999, -1, 0, 2**63 - 1, None]
    df = spark.createDataFrame([(value,) for value in micros], "m long")
    got = [row[0] for row in df.select(to_seconds(F.col("m"))).collect()]
    assert got == [SECOND, -1, 0, (2**63 - 1) // 1_000_000, None]


@pytest.mark.parametrize("unit", PER_SECOND)
@pytest.mark.parametrize("window", [Window(10_500, None), Window(None, -1), Window(-1_500, 2_000_001)])
def test_the_bound_on_the_source_keeps_every_row_that_the_window_keeps(
    spark: SparkSession, unit: str, window: Window
) -> None:
    edges = [
        bound * PER_SECOND[unit] // 1_000_000 + step
        for bound in (window.since, window.until)
        if bound
        for step in (-1, 0, 1)
    ]
    values = [*edges, None, 2**63 - 1, -(2**63), 0]
    df = spark.createDataFrame([(value,) for value in values], "t long")
    column, kind = F.col("t"), T.LongType()
    bound = may_be_within(column, unit, kind, window)
    rows = df.select("t", bound, is_within(to_micros(column, unit, kind), window)).collect()
    assert [row for row in rows if row[1] is not row[2]] == []


def test_a_number_votes_for_the_one_unit_that_would_make_it_plausible(spark: SparkSession) -> None:
    def votes(unit: str | None, values: list[Any], data_type: T.DataType) -> list[str | None]:
        df = spark.createDataFrame([(v,) for v in values], T.StructType([T.StructField("t", data_type)]))
        return [row[0] for row in df.select(unit_instead(F.col("t"), unit, data_type)).collect()]

    numbers = [
        SECOND,
        SECOND * 1000,
        SECOND * 1_000_000,
        0,
        -SECOND,
        None,
        315_532_800,
        315_532_799,
        4_102_444_800,
    ]
    want = ["seconds", "milliseconds", "microseconds", None, None, None, "seconds", None, None]
    for unit in ("timestamp", "iso8601"):
        assert votes(unit, numbers, T.LongType()) == want
    for unit in PER_SECOND:
        assert votes(unit, numbers, T.LongType()) == [None if vote == unit else vote for vote in want]
    assert votes(None, numbers, T.LongType()) == votes("seconds", numbers, T.LongType())
    assert votes("timestamp", [float(SECOND), float("nan")], T.DoubleType()) == ["seconds", None]
    assert votes("iso8601", [str(SECOND * 1000), "2023-11-14"], T.StringType()) == ["milliseconds", None]
    texts = ["14/11/2023 22:13:20", "2023/11/14", "14/Nov/2023:22:13:20 +0000", "20231114221320", "gibberish"]
    forms = ["dd/MM/yyyy HH:mm:ss", "yyyy/MM/dd", "dd/MMM/yyyy:HH:mm:ss Z", "yyyyMMddHHmmss", None]
    assert votes("iso8601", texts, T.StringType()) == forms
    assert votes("timestamp", [date(2023, 11, 14)], T.DateType()) == [None]


@pytest.mark.parametrize(
    ("votes", "rows", "advice"),
    [
        ({"milliseconds": 9, "microseconds": 0}, 10, "milliseconds"),
        ({"milliseconds": 0, "microseconds": 6}, 10, "microseconds"),
        ({"seconds": 9, "milliseconds": 0, "microseconds": 0}, 10, "seconds"),
        ({"milliseconds": 5, "microseconds": 0}, 10, None),
        ({"seconds": 2, "milliseconds": 0, "microseconds": 0}, 10, None),
        ({"milliseconds": 0, "microseconds": 0}, 0, None),
        ({}, 10, None),
    ],
)
def test_advice_is_given_only_when_most_times_agree(
    votes: dict[str, int], rows: int, advice: str | None
) -> None:
    assert better_unit(votes, rows) == advice


@pytest.mark.parametrize("since", [None, "2023-11-14T22:13:19.9995Z"])
def test_a_bound_within_a_millisecond_skips_no_row(
    spark: SparkSession, tmp_path: Path, since: str | None
) -> None:
    """Spark's scan cuts the bound to the milliseconds of the file: it had skipped all that was before it."""
    times = pa.array([SECOND * 1000], pa.timestamp("ms", "UTC"))
    pq.write_table(pa.table({"t": times}), tmp_path / "a.parquet")
    rows = spark.read.parquet(f"file:{tmp_path}")
    window = Window.parse(since, "2023-11-14T22:13:20.0005Z")
    assert rows.where(may_be_within(F.col("t"), "timestamp", T.TimestampType(), window)).count() == 1


def test_a_date_beyond_what_a_long_of_microseconds_holds_is_unreadable(spark: SparkSession) -> None:
    """Writers leave sentinels in dates; Spark's own cast of one ends the whole job."""
    df = spark.range(1).selectExpr("explode(array(2147483647, -2147483648, 0, 106751991, 106751992)) AS days")
    dates = df.select(F.expr("date_from_unix_date(days)").alias("t"))
    got = [row[0] for row in dates.select(to_micros(F.col("t"), None, T.DateType())).collect()]
    assert got == [None, None, 0, 106_751_991 * 86_400_000_000, None]


@pytest.mark.spark
def test_since_is_in_until_is_out_and_an_unreadable_time_stays(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(9,), (10,), (19,), (20,), (None,)], "at long")
    windows = {"both": Window(10, 20), "since": Window(10, None), "until": Window(None, 20), "open": Window()}
    table = rows.select(
        *(is_within(F.col("at"), window).alias(name) for name, window in windows.items())
    ).collect()
    assert [row["both"] for row in table] == [False, True, True, False, True]
    assert [row["since"] for row in table] == [False, True, True, True, True]
    assert [row["until"] for row in table] == [True, True, True, False, True]
    assert all(row["open"] for row in table)
