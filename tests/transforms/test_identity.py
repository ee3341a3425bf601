"""The id of a row is the same alone and next to rows for which its columns were widened, and on any Java."""

from __future__ import annotations

import itertools
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from sources.parquet.conversions import converted, final_type, read_type
from sources.parquet.kinds import Clash, Kind, ListOf, Scalar
from sources.parquet.merging import merge
from tests.sources.lake import frame, write
from transforms.events import shape
from transforms.identity import bits, identity
from transforms.impression import impression_identity, impression_ids
from transforms.mapping import MappingSettings, SessionSettings
from transforms.properties import MappedProperty
from transforms.properties_plan import AvroType, Property
from transforms.scalars import present, read_as

NUMBERS = [
    *map(Scalar, ("tinyint", "smallint", "int", "bigint", "float", "double")),
    *map(Scalar, ("decimal(5,2)", "decimal(10,0)", "decimal(12,4)", "decimal(20,0)", "decimal(38,6)")),
]
WIDENED = [
    (one, whole)
    for one, other in itertools.permutations(NUMBERS, 2)
    if not isinstance(whole := merge(one, other), Clash) and whole != one
]
"""Each numeric type that merging files widens, and to which; of longs within 2^53 see `layout`."""

PAIRS = sorted({*WIDENED, (Scalar("bigint"), Scalar("double"))}, key=str)
TEXTS = [
    "0",
    "-0.0",
    "1",
    "-7",
    "5",
    "100",
    "123.45",
    "0.5",
    "0.1",
    "1.10",
    "99999.9999",
    "1e-7",
    "16777217",
    None,
]
TARGETS: tuple[AvroType, ...] = ("string", "int", "long", "float", "double", "boolean")


def plan(key: str, kind: AvroType) -> Property:
    return Property(key, key, "unused", kind, nullable=True, categorical=False)


def images(value: Column, kind: T.DataType, array: Column) -> dict[str, Column]:
    """What an event id may depend on, by the part that the value is mapped to."""
    value, numbers = present(value, kind), T.ArrayType(kind)
    typed = {target: read_as(value, kind, target, "p") for target in TARGETS}
    shown = impression_ids(array, numbers)
    return typed | {
        "float": bits(typed["float"]),
        "double": bits(typed["double"]),
        "string": identity(value, typed["string"], kind),
        "list": MappedProperty(plan("p", "string"), array, numbers).identity(),
        "impression": impression_identity(array, numbers, shown),
    }


@pytest.mark.spark
@pytest.mark.parametrize("own", sorted({own for own, _ in PAIRS}, key=str), ids=str)
def test_a_number_is_identified_alike_before_and_after_it_is_widened(spark: SparkSession, own: Kind) -> None:
    kind, wholes = read_type(own), [whole for one, whole in PAIRS if one == own]
    number = F.col("t") if isinstance(kind, T.DecimalType) else F.col("t").cast("double")
    rows = spark.createDataFrame([(text,) for text in TEXTS], "t string").select(number.cast(kind).alias("v"))
    rows = rows.select("v", F.array("v", "v").alias("a"))
    for index, whole in enumerate(wholes):
        rows = rows.withColumn(f"w{index}", converted(F.col("v"), own, whole))
        rows = rows.withColumn(f"b{index}", converted(F.col("a"), ListOf(own), ListOf(whole)))
    rows, alone = rows.localCheckpoint(), images(F.col("v"), kind, F.col("a"))
    differ = {
        f"{part} as {whole}": F.sum((~alone[part].eqNullSafe(image)).cast("int"))
        for index, whole in enumerate(wholes)
        for part, image in images(F.col(f"w{index}"), final_type(whole), F.col(f"b{index}")).items()
    }
    [row] = rows.select(*(count.alias(str(n)) for n, count in enumerate(differ.values()))).collect()
    assert [name for name, count in zip(differ, row, strict=True) if count] == []


def test_every_pair_that_merging_widens_is_among_them() -> None:
    """A pair that is new in `merging` is tried, too: they are found by it."""
    assert len(PAIRS) > 20
    assert (Scalar("int"), Scalar("double")) in PAIRS
    assert (Scalar("float"), Scalar("double")) in PAIRS
    assert not {str(one) for one, _ in PAIRS if one.name.startswith("decimal")}.isdisjoint({"decimal(5,2)"})


@pytest.mark.spark
@pytest.mark.parametrize(
    ("january", "february"),
    [
        (pa.array([5, 6]), pa.array([7.0, None])),
        (pa.array([5, 6], pa.int32()), pa.array([0.5, None], pa.float32())),
        (pa.array([0.1, 5.0], pa.float32()), pa.array([0.3])),
        (pa.array([Decimal("1.50"), Decimal(5)]), pa.array([Decimal("0.12345")])),
    ],
)
def test_an_event_keeps_its_id_when_a_later_file_widens_its_columns(
    spark: SparkSession, tmp_path: Path, january: pa.Array, february: pa.Array
) -> None:
    """Another id would send the event once more, and have it count twice."""
    for name, column in (("01", january), ("02", february)):
        ones = pa.array([[value] for value in column.to_pylist()], pa.list_(column.type))
        at = [datetime(2026, int(name), 1)] * len(column)  # noqa: DTZ001 - as pandas writes times
        write(tmp_path / f"{name}.parquet", {"v": column, "l": ones, "at": pa.array(at, pa.timestamp("us"))})
    alone = event_ids(spark, tmp_path / "01.parquet")
    assert len(alone) == 2
    assert alone < event_ids(spark, tmp_path)


def event_ids(spark: SparkSession, path: Path) -> set[str]:
    mapped: dict[str, Any] = dict.fromkeys(
        ("userId", "sessionId", "eventType", "itemId", "recommendationId"), "v"
    )
    mapping = MappingSettings.model_validate(mapped | {"eventValue": "v", "impression": "l", "sentAt": "at"})
    properties = [
        Property(kind.upper(), kind, "l" if kind == "string" else "v", kind, nullable=True, categorical=False)
        for kind in TARGETS
    ]
    properties.append(Property("TEXT", "text", "v", "string", nullable=True, categorical=False))
    shaped = shape(frame(spark, path), mapping, properties, SessionSettings(), partitions=1)
    return {row["eventId"] for row in shaped.select("eventId").collect()}


@pytest.mark.spark
def test_a_true_fraction_is_identified_by_its_bits_wherever_it_is_sent_as_text(spark: SparkSession) -> None:
    """JDK 19 writes 2^-44 with one digit less than JDK 17: as text, it would make another event of it."""
    rows = spark.createDataFrame([(2.0**-44,)], "v double").select("v", F.array("v").alias("a"))
    kind = T.DoubleType()
    listed = MappedProperty(plan("p", "string"), F.col("a"), T.ArrayType(kind))
    [row] = rows.select(
        identity(F.col("v"), F.lit("its text"), kind), listed.identity(), F.xxhash64("v")
    ).collect()
    assert row[0] == row[1] == str(row[2])
