from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from core.errors import InputError
from transforms.scalars import id_text, is_no_text, is_unreadable, read_as
from transforms.timestamps import to_micros

NAN = float("nan")


def frame_of(spark: SparkSession, values: list[Any], data_type: T.DataType) -> DataFrame:
    return spark.createDataFrame(
        [(value,) for value in values], T.StructType([T.StructField("v", data_type)])
    )


@pytest.mark.parametrize(
    ("data_type", "values", "texts"),
    [
        (T.StringType(), [" a ", "", None], [" a ", "", None]),
        (T.LongType(), [2**63 - 1, -1], ["9223372036854775807", "-1"]),
        (
            T.DoubleType(),
            [123.0, -0.0, 1.5, NAN, 2.0**53, 1e300],
            ["123", "0", "1.5", None, str(2**53), "1" + "0" * 300],
        ),
        (
            T.DoubleType(),
            [5.0, 12345678.0, 12345678.5, 1e-7, -1.25e-10, 2.0**63, -1.5e22, 0.001, float("inf")],
            [
                "5",
                "12345678",
                "12345678.5",
                "0.0000001",
                "-0.000000000125",
                "9223372036854775807"[:1] + "223372036854776000",
                "-15000000000000000000000",
                "0.001",
                "Infinity",
            ],
        ),
        (T.FloatType(), [7.0, 0.5, 2.0**34, 0.1, NAN], ["7", "0.5", "17179869184", "0.1", None]),
        (
            T.DecimalType(38, 10),
            [Decimal("123"), Decimal("1.50"), Decimal("0"), Decimal("0.0000001"), Decimal("-100"), None],
            ["123", "1.5", "0", "0.0000001", "-100", None],
        ),
        (T.DecimalType(20, 0), [Decimal(100), Decimal(2**63)], ["100", str(2**63)]),
        (T.BooleanType(), [True], ["true"]),
        (T.DateType(), [date(2024, 1, 2)], ["2024-01-02"]),
        (T.BinaryType(), [b"abc", "é名".encode(), b"Jos\xe9", b"\xff", b""], ["abc", "é名", None, None, ""]),
    ],
)
def test_an_id_is_its_text_and_a_whole_double_has_no_point(
    spark: SparkSession, data_type: T.DataType, values: list[Any], texts: list[str | None]
) -> None:
    rows = (
        frame_of(spark, values, data_type).select(id_text(F.col("v"), data_type, "mapping.itemId")).collect()
    )
    assert [row[0] for row in rows] == texts


@pytest.mark.parametrize(
    ("target", "data_type", "values", "read"),
    [
        (
            "int",
            T.StringType(),
            ["3", " 3.0 ", "3.7", "1e3", "", "x", "2147483648"],
            [3, 3, None, 1000, None, None, None],
        ),
        ("int", T.LongType(), [2**31 - 1, 2**31, -(2**31)], [2**31 - 1, None, -(2**31)]),
        ("int", T.DoubleType(), [3.0, 3.5, NAN, 1e10, None], [3, None, None, None, None]),
        ("long", T.DoubleType(), [2.0**62, 2.0**63, -(2.0**63)], [2**62, None, -(2**63)]),
        (
            "long",
            T.DecimalType(38, 1),
            [Decimal(2**63 - 1), Decimal(2**63), Decimal("0.5")],
            [2**63 - 1, None, None],
        ),
        (
            "int",
            T.DecimalType(38, 10),
            [Decimal("1E-10"), Decimal("5.0000000001"), Decimal(-5)],
            [None, None, -5],
        ),
        ("int", T.StringType(), ["5.000000000000000001", "5.000"], [None, 5]),
        (
            "int",
            T.StringType(),
            ["5.0000000000000000001", "4.9999999999999999999", "5.00000000000000000000", "1e-30"],
            [None, None, 5, None],
        ),
        (
            "int",
            T.StringType(),
            ["10000000000000000e-12", "5.000000000000000000e+00", "1.0000000000000000001e0", "0e-5"],
            [10000, 5, None, 0],
        ),
        ("long", T.StringType(), [str(2**63 - 1), str(2**63)], [2**63 - 1, None]),
        (
            "double",
            T.StringType(),
            ["1.5", "1e3", "5d", "5F", "1,5", " 2 "],
            [1.5, 1000.0, None, None, None, 2.0],
        ),
        ("double", T.IntegerType(), [3], [3.0]),
        ("float", T.DoubleType(), [0.5, 1e300], [0.5, float("inf")]),
        ("boolean", T.StringType(), ["true", "FALSE", "maybe"], [True, False, None]),
        ("boolean", T.IntegerType(), [0, 1, 2], [False, True, None]),
        ("int", T.BooleanType(), [True], [1]),
        ("double", T.BooleanType(), [True], [1.0]),
        ("string", T.IntegerType(), [3], ["3"]),
        ("string", T.DoubleType(), [4.0], ["4"]),
        ("string", T.DecimalType(10, 2), [Decimal("19.90")], ["19.9"]),
    ],
)
def test_what_would_lose_its_meaning_is_unreadable(
    spark: SparkSession, target: str, data_type: T.DataType, values: list[Any], read: list[Any]
) -> None:
    df = frame_of(spark, values, data_type)
    df = df.select("v", read_as(F.col("v"), data_type, target, "mapping.properties.X").alias("r"))
    rows = df.select("r", is_unreadable(F.col("v"), F.col("r"))).collect()
    assert [row[0] for row in rows] == read
    assert [row[1] for row in rows] == [
        v is not None and r is None for v, r in zip(values, read, strict=True)
    ]
    assert df.schema["r"].dataType.simpleString() == {"long": "bigint"}.get(target, target)


def test_a_number_that_takes_minutes_to_read_is_unreadable(spark: SparkSession) -> None:
    """A cast of '1e-99999999' to a decimal takes seven minutes, of '1e-999999999' all memory."""
    values = ["1e-999999999", "-1E-2147483647", "1e999999999", "9" * 1_000_000]
    df = frame_of(spark, values, T.StringType())
    read = df.select(
        read_as(F.col("v"), T.StringType(), "long", "x"), to_micros(F.col("v"), "seconds", T.StringType())
    )
    assert [tuple(row) for row in read.collect()] == [(None, None)] * len(values)


@pytest.mark.usefixtures("spark")
def test_a_column_that_never_fits_is_named_by_its_configuration_key() -> None:
    with pytest.raises(InputError, match=r"mapping\.itemId: gives array<string>"):
        id_text(F.col("v"), T.ArrayType(T.StringType()), "mapping.itemId")
    with pytest.raises(InputError, match=r"mapping\.properties\.X: gives date, the field is int"):
        read_as(F.col("v"), T.DateType(), "int", "mapping.properties.X")


def test_text_that_is_not_utf8_is_distinguished_from_text_that_is(spark: SparkSession) -> None:
    """Spark takes a file's word for it: such text looks like any other until Java decodes it."""
    df = spark.sql(
        "select cast(unhex(h) as string) as s, unhex(h) as b from values ('6A'), ('4A6F73E9'), ('EFBFBD'), (null) t(h)"
    )
    kinds = {field.name: field.dataType for field in df.schema}
    rows = df.select(
        *(is_no_text(F.col(name), kind) for name, kind in kinds.items()),
        *(id_text(F.col(name), kind, "x").alias(f"{name}_text") for name, kind in kinds.items()),
    ).collect()
    assert [tuple(row) for row in rows] == [
        (False, False, "j", "j"),
        (True, True, None, None),
        (False, False, "\ufffd", "\ufffd"),
        (None, None, None, None),
    ]
