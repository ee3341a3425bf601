from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from core.errors import InputError
from transforms.impression import impression_identity, impression_ids, impression_sizes, joined


def impressions(spark: SparkSession, values: list[Any], data_type: T.DataType) -> DataFrame:
    df = spark.createDataFrame([(value,) for value in values], T.StructType([T.StructField("v", data_type)]))
    return df.select(impression_ids(F.col("v"), data_type).alias("ids"))


@pytest.mark.parametrize(
    ("data_type", "values", "want"),
    [
        (
            T.ArrayType(T.StringType()),
            [["a", "b", "a"], [], None, [None]],
            [["a", "b", "a"], None, None, [None]],
        ),
        (T.ArrayType(T.LongType()), [[1, 2]], [["1", "2"]]),
        (T.ArrayType(T.DoubleType()), [[1.0, 2.5]], [["1", "2.5"]]),
        (
            T.StringType(),
            ["a|b", "a", "", None, "a||b", "|"],
            [["a", "b"], ["a"], None, None, ["a", "", "b"], ["", ""]],
        ),
    ],
)
def test_arrays_and_joined_strings_become_ids_and_nothing_is_absent(
    spark: SparkSession, data_type: T.DataType, values: list[Any], want: list[Any]
) -> None:
    assert [row[0] for row in impressions(spark, values, data_type).collect()] == want


@pytest.mark.parametrize("data_type", [T.LongType(), T.ArrayType(T.ArrayType(T.StringType()))])
@pytest.mark.usefixtures("spark")
def test_other_columns_are_refused(data_type: T.DataType) -> None:
    with pytest.raises(InputError, match=r"mapping\.impression"):
        impression_ids(F.col("v"), data_type)


def test_the_sizes_that_rules_need_are_exact_and_null_without_an_impression(spark: SparkSession) -> None:
    cases: dict[tuple[str | None, ...] | None, tuple[int | None, ...]] = {
        ("a", "bcd"): (2, 5, 0, 0),
        ("nü",): (1, 2, 0, 0),
        (None,): (1, 0, 0, 1),
        ("ab", None, " NULL\u00a0", "None", "nan", "\u3000", "nullable", ""): (8, 31, 0, 6),
        ("a|null|b",): (1, 8, 0, 0),
        ("ü" * 256,): (1, 256, 0, 0),
        ("a" * 257,): (1, 257, 1, 0),
        ("ü" * 257, "b" * 256, "c" * 257): (3, 772, 2, 0),
        ("a" * 128, "b" * 128): (2, 257, 0, 0),
        None: (None, None, None, None),
    }
    data_type = T.ArrayType(T.StringType())
    df = impressions(spark, [None if ids is None else list(ids) for ids in cases], data_type)
    ids = F.col("ids")
    rows = df.select(*impression_sizes(ids, joined(ids)).values()).collect()
    assert [tuple(row) for row in rows] == list(cases.values())


def identity_of_ids() -> Column:
    return impression_identity(F.col("ids"), T.ArrayType(T.StringType()), F.col("ids"))


def test_no_two_impressions_have_one_identity(spark: SparkSession) -> None:
    different = [
        ["a|b", "c"],
        ["a", "b|c"],
        ["a", "b", "c"],
        ["a", ""],
        ["", "a"],
        ["1", "a"],
        ["a|b"],
        ["3~a", "b"],
        ["a"],
        ["c", "b", "a"],
    ]
    df = impressions(spark, different, T.ArrayType(T.StringType()))
    found = [row[0] for row in df.select(identity_of_ids()).collect()]
    assert None not in found
    assert len(set(found)) == len(different)


def test_without_an_impression_there_is_no_identity(spark: SparkSession) -> None:
    df = impressions(spark, [None, []], T.ArrayType(T.StringType()))
    assert [row[0] for row in df.select(identity_of_ids()).collect()] == [None, None]
