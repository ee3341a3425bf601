"""Files that differ: one layout of all, made of their footers; what can't be had is refused by name or left out."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from core.errors import InputError
from sources.reading import plan_reading, read
from sources.used_columns import ALL, used_columns
from tests.sources.lake import find, frame, values, write

NAIVE = datetime(2026, 1, 1, 10)  # noqa: DTZ001 - as pandas writes times


@pytest.mark.spark
@pytest.mark.parametrize(
    ("one", "other", "kind", "expected"),
    [
        (pa.array([1], pa.int32()), pa.array([2**40]), "bigint", [1, 2**40]),
        (pa.array([1], pa.int8()), pa.array([300], pa.uint16()), "int", [1, 300]),
        (pa.array([0.5], pa.float32()), pa.array([0.1]), "double", [0.1, 0.5]),
        (pa.array([7], pa.int32()), pa.array([0.5]), "double", [0.5, 7.0]),
        (pa.array([date(2026, 1, 1)]), pa.array([NAIVE]), "timestamp_ntz", [datetime(2026, 1, 1), NAIVE]),  # noqa: DTZ001
        (pa.nulls(1), pa.array(["a"]), "string", ["a", None]),
        (pa.array([None], pa.string()), pa.array([5]), "bigint", [5, None]),
        (pa.array([[]], pa.list_(pa.null())), pa.array([["a"]]), "array<string>", [["a"], []]),
        (
            pa.array([Decimal("1.25")]),
            pa.array([Decimal("12345.5")]),
            "decimal(7,2)",
            [Decimal("1.25"), Decimal("12345.50")],
        ),
        (pa.array([Decimal("1.25")]), pa.array([3]), "decimal(21,2)", [Decimal("1.25"), Decimal("3.00")]),
        (pa.array(["a"]), pa.array([b"b"]), "binary", [b"a", b"b"]),
        (pa.array([123, 2**53]), pa.array([1.5, None]), "double", [1.5, 123.0, 2.0**53, None]),
        (
            pa.array([NAIVE], pa.timestamp("ns")),
            pa.array([NAIVE], pa.timestamp("ms", "UTC")),
            "timestamp",
            [NAIVE, NAIVE],
        ),
        (pa.array([[1]], pa.list_(pa.int32())), pa.array([[2]]), "array<bigint>", [[1], [2]]),
        (pa.array([[1, 2**40]]), pa.array([[0.5, None]]), "array<double>", [[1.0, 2.0**40], [0.5, None]]),
        (pa.array([None, []], pa.list_(pa.string())), pa.array([[5]]), "array<bigint>", [None, [], [5]]),
        (pa.array([10**10]), pa.array([None], pa.float64()), "bigint", [10**10, None]),
        (
            pa.array([[(1, "a")]], pa.map_(pa.int32(), pa.string())),
            pa.array([[(2, "b")]], pa.map_(pa.int64(), pa.string())),
            "map<bigint,string>",
            [{1: "a"}, {2: "b"}],
        ),
    ],
)
def test_a_type_that_grew_is_read_as_the_wider_one(  # noqa: PLR0917 - a row of the table
    spark: SparkSession, tmp_path: Path, one: pa.Array, other: pa.Array, kind: str, expected: list[Any]
) -> None:
    for order in ("ab", "ba"):
        write(tmp_path / order / "a.parquet", {"v": one if order[0] == "a" else other})
        write(tmp_path / order / "b.parquet", {"v": other if order[0] == "a" else one})
        rows = frame(spark, tmp_path / order)
        assert rows.dtypes == [("v", kind)]
        assert sorted(values(rows, "v"), key=repr) == sorted(expected, key=repr)


@pytest.mark.spark
def test_a_struct_without_the_field_in_use_is_no_null(spark: SparkSession, tmp_path: Path) -> None:
    """Spark before 4.1 takes it for one where its file has no field that is read: `e is not null` lost those rows."""
    prices, coupons = [{"price": 1}, None], [{"price": 2, "coupon": "x"}, {"price": 3, "coupon": None}]
    write(tmp_path / "2024.parquet", {"e": prices, "l": [[each] for each in prices]})
    write(tmp_path / "2025.parquet", {"e": coupons, "l": [coupons, []]})
    rows = frame(spark, tmp_path)
    assert values(rows.where("e is not null").select("e.coupon"), "coupon") == ["x", None, None]
    assert values(rows.selectExpr("explode(l.coupon) as coupon"), "coupon") == ["x", None, None, None]
    assert values(rows.where("size(l) = 1").select("l.coupon"), "coupon") == [[None], [None]]


@pytest.mark.spark
def test_a_column_that_came_later_is_null_before(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path / "2024.parquet", {"item": ["a"]})
    write(tmp_path / "2025.parquet", {"ITEM": ["b"], "coupon": ["x"], "__index_level_0__": [7]})
    rows = frame(spark, tmp_path)
    assert rows.columns == ["item", "coupon", "__index_level_0__"]
    assert values(rows, "item", "coupon") == [("a", None), ("b", "x")]


@pytest.mark.spark
def test_an_empty_day_of_pandas_decides_nothing(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", {"item": ["a"], "price": [1.5], "at": [5]})
    pd.DataFrame(
        {"item": [], "price": pd.Series([], dtype=object), "at": pd.Series([], dtype="str")}
    ).to_parquet(tmp_path / "b.parquet")
    rows = frame(spark, tmp_path)
    assert rows.dtypes == [("item", "string"), ("price", "double"), ("at", "bigint")]
    assert rows.count() == 1


@pytest.mark.spark
def test_nested_fields_come_and_grow_like_columns(spark: SparkSession, tmp_path: Path) -> None:
    old = pa.array([[{"aid": 1}], []], pa.list_(pa.struct([("aid", pa.int32())])))
    new = pa.array(
        [[{"type": "buy", "aid": 2**40, "at": 1}]],
        pa.list_(pa.struct([("type", pa.string()), ("aid", pa.int64()), ("at", pa.timestamp("ns"))])),
    )
    write(tmp_path / "a.parquet", {"events": old})
    write(tmp_path / "b.parquet", {"events": new})
    rows = frame(spark, tmp_path).selectExpr("explode(events) as e").selectExpr("e.aid", "e.type", "e.at")
    assert rows.dtypes == [("aid", "bigint"), ("type", "string"), ("at", "timestamp")]
    assert values(rows, "aid", "type") == [(1, None), (2**40, "buy")]


@pytest.mark.spark
@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (pa.array([1]), pa.array(["x"]), r"column v: bigint in .*a\.parquet, string in .*b\.parquet"),
        (pa.array([2**60]), pa.array([0.5]), r"column v: bigint in .*a\.parquet, double in .*b\.parquet"),
        (pa.array([{"f": 1}]), pa.array([{"f": "x"}]), r"column v\.f: bigint in .*a\.parquet, string in "),
        (pa.array([[1]]), pa.array([1]), r"column v: list<bigint> in .*a\.parquet, bigint in "),
        (pa.array([time(1)]), pa.array(["x"]), r"source file .*a\.parquet: column v is TIME, which"),
        (
            pa.array([1.0], pa.float16()),
            pa.array([None], pa.float16()),
            r"source file .*a\.parquet: column v is FLOAT16",
        ),
    ],
)
def test_a_conflict_matters_in_a_used_column_only(
    spark: SparkSession, tmp_path: Path, one: pa.Array, other: pa.Array, said: str
) -> None:
    write(tmp_path / "a.parquet", {"item": ["a"], "v": one})
    write(tmp_path / "b.parquet", {"v": other, "item": ["b"]})
    for used in ("v", "V is not null", "lower(`v`)", "*", "transform(array(1), x -> v)", "v.f"):
        with pytest.raises(InputError, match=said) as caught:
            frame(spark, tmp_path, uses=used)
        assert "\n" not in str(caught.value)
    if "FLOAT16" in said:  # a Spark that does not know it opens no file that has one: see test_riddles
        return
    assert values(frame(spark, tmp_path, uses="item"), "item") == ["a", "b"]


@pytest.mark.spark
def test_a_conflict_in_one_field_leaves_the_others(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", {"s": [{"f": 1, "g": "a"}]})
    write(tmp_path / "b.parquet", {"s": [{"f": "x", "g": "b"}]})
    assert values(frame(spark, tmp_path, uses="s.g").select("s.g"), "g") == ["a", "b"]


@pytest.mark.spark
def test_all_fields_of_a_column_are_not_all_columns(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", {"e": [{"f": 1}], "v": [1]})
    write(tmp_path / "b.parquet", {"e": [{"f": 2}], "v": ["x"]})
    assert frame(spark, tmp_path, uses="e.*").columns == ["e"]


@pytest.mark.spark
def test_a_uuid_reads_as_its_text(spark: SparkSession, tmp_path: Path) -> None:
    one = uuid.UUID("0123ABCD-0000-4000-8000-00000000000f")
    column = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([one.bytes, None], pa.binary(16)))
    nested = pa.ListArray.from_arrays(pa.array([0, 1, 2]), column)
    write(tmp_path / "a.parquet", {"id": column, "ids": nested})
    write(tmp_path / "b.parquet", {"id": ["text"]})
    rows = frame(spark, tmp_path)
    assert rows.dtypes == [("id", "string"), ("ids", "array<string>")]
    assert values(rows, "id") == [str(one), "text", None]
    assert values(rows, "ids") == [None, [str(one)], [None]]


@pytest.mark.spark
@pytest.mark.parametrize("zone", [None, "UTC"])
def test_a_date_beyond_sparks_timestamps_is_null_among_them(
    spark: SparkSession, tmp_path: Path, zone: str | None
) -> None:
    """A cast ends the whole Spark job. Dates as far off mark missing ones."""
    days = pa.array([2**31 - 1, -(2**31), 0, None], pa.int32()).cast(pa.date32())
    write(tmp_path / "a.parquet", {"d": days, "l": pa.array([[each] for each in days])})
    times = pa.array([1_000_000], pa.timestamp("us", zone))
    write(tmp_path / "b.parquet", {"d": times, "l": pa.array([[times[0]]])})
    rows = frame(spark, tmp_path)
    assert values(rows, F.col("d").cast("string")) == [
        "1970-01-01 00:00:00",
        "1970-01-01 00:00:01",
        None,
        None,
        None,
    ]
    assert values(rows, F.col("l")[0].cast("string")) == values(rows, F.col("d").cast("string"))


@pytest.mark.spark
def test_milliseconds_are_the_same_read_as_numbers(spark: SparkSession, tmp_path: Path) -> None:
    """That is how they are read once Spark has failed on one."""
    millis = pa.array([0, -1, 1_760_000_000_123, None, 2**63 // 1000 - 1, -(2**63) // 1000 + 1], pa.int64())
    inside = {"t": millis.cast(pa.timestamp("ms", "UTC")), "n": millis.cast(pa.timestamp("ms"))}
    inside["s"] = pa.StructArray.from_arrays([inside["n"]], ["x.y"])
    write(tmp_path / "a.parquet", inside)
    write(tmp_path / "b.parquet", {"n": pa.array([5], pa.timestamp("us")), "t": [date(2026, 1, 1)]})
    write(tmp_path / "c.parquet", {"n": pa.array([5], pa.timestamp("us", "UTC"))}, version="1.0")
    footers = find(tmp_path).footers
    plain, numbers = (read(spark, plan_reading(footers, ALL, millis_as_numbers=way)) for way in (False, True))
    assert plain.dtypes == numbers.dtypes
    texts = [F.col(name).cast("string") for name in "tns"]
    assert values(plain, *texts) == values(numbers, *texts)


@pytest.mark.spark
def test_nanoseconds_become_timestamps_rounded_down(spark: SparkSession, tmp_path: Path) -> None:
    """The lowest long is numpy's NaT; in Spark's own arithmetic it wrapped around to the year 2262."""
    at = pa.array([1_760_000_000_123_456_789, None, -1, -(2**63), 2**63 - 1], pa.timestamp("ns"))
    write(tmp_path / "a.parquet", {"a b.c": at, "n": [[{"t": 1}]] * 5})
    rows = frame(spark, tmp_path)
    assert values(rows.selectExpr("unix_micros(`a b.c`) as micros"), "micros") == [
        -1,
        -(2**63 // 1000) - 1,
        1_760_000_000_123_456,
        2**63 // 1000,
        None,
    ]


@pytest.mark.spark
def test_fields_of_any_name_are_converted(spark: SparkSession, tmp_path: Path) -> None:
    """Spark can't be asked for `a.b` within a struct; nanoseconds are converted where they are."""
    names = ["q", "a.b", ".", "..", "`", "a`b.c", "a b", "a,b", "{x}", "é", "🙂"]
    kind = pa.struct([(name, pa.timestamp("ns")) for name in names])
    at = {name: 1_760_000_000_123_456_000 + place * 1000 for place, name in enumerate(names)}
    write(tmp_path / "a.parquet", {"i": [1, 2], "s": pa.array([at, None], kind)})
    one, other = frame(spark, tmp_path).orderBy("i").collect()
    assert one.s.__fields__ == names
    assert [value.microsecond for value in one.s] == [123_456 + place for place in range(len(names))]
    assert other.s is None


@pytest.mark.spark
def test_columns_whose_names_differ_in_case_only_are_refused_if_used(
    spark: SparkSession, tmp_path: Path
) -> None:
    write(
        tmp_path / "a.parquet",
        pa.table([pa.array([1]), pa.array([2]), pa.array(["a"])], ["at", "AT", "item"]),
    )
    said = r"a\.parquet: column at is one of several columns whose names differ.* Map another column, or rename it\."
    with pytest.raises(InputError, match=said):
        frame(spark, tmp_path, uses="at")
    assert values(frame(spark, tmp_path, uses="item"), "item") == ["a"]


@pytest.mark.spark
def test_what_differs_is_said_in_few_words(spark: SparkSession, tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"{number}.parquet", {"item": ["a"], "same": [1]})
    write(tmp_path / "3.parquet", {"item": [1], "coupon": ["x"], "same": [1], "at": [time(1)]})
    layout = plan_reading(find(tmp_path).footers, used_columns(spark, ["coupon"]))
    assert layout.differences == (
        "item is string in 3, bigint in 1 of 4 files (not read)",
        "coupon is missing in 3 of 4 files",
        "at is missing in 3 of 4 files (not read)",
    )


@pytest.mark.spark
def test_old_lists_and_old_times_are_read_as_new_ones(spark: SparkSession, tmp_path: Path) -> None:
    when = pa.array([NAIVE], pa.timestamp("us", "UTC"))
    lists = pa.array([["x"]], pa.list_(pa.string()))
    write(tmp_path / "a.parquet", {"i": ["a"], "t": when, "l": lists})
    write(
        tmp_path / "b.parquet",
        {"l": lists, "i": pa.array(["a"], pa.large_string()), "t": when.cast(pa.timestamp("ms", "UTC"))},
    )
    options = {"use_deprecated_int96_timestamps": True, "use_compliant_nested_type": False}
    write(
        tmp_path / "c.parquet", {"i": pa.array(["a"]).dictionary_encode(), "t": when, "l": lists}, **options
    )
    rows = frame(spark, tmp_path)
    assert rows.dtypes == [("i", "string"), ("t", "timestamp"), ("l", "array<string>")]
    assert values(rows, "i", "t", "l") == [("a", NAIVE, ["x"])] * 3


def test_a_list_of_what_can_not_be_read_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", {"item": ["a"], "at": [[time(1)]]})
    write(tmp_path / "b.parquet", {"item": ["a"]})
    with pytest.raises(InputError, match=r"a\.parquet: column at is TIME, which can't be read. Map another"):
        plan_reading(find(tmp_path).footers, ALL)
