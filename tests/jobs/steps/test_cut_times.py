"""Times in nanoseconds are text only where Spark's microseconds hold them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from jobs.errors import UsageError
from jobs.steps.cut_times import refuse_cut_times
from sources.reading import plan_reading, read
from sources.used_columns import ALL
from tests.sources.lake import find, write
from transforms.mapping import MappingSettings

pytestmark = pytest.mark.spark

FINE, COARSE = 1_760_000_000_123_456_789, 1_760_000_000_123_456_000


def refuse(spark: SparkSession, folder: Path, item: str, select: str = "*", key: str = "itemId") -> None:
    layout = plan_reading(find(folder).footers, ALL)
    texts = {"properties": {"AT": item}} if key == "property" else {key: item}
    mapping = MappingSettings.model_validate({"eventType": "'view'", "sentAt": "at", **texts})
    refuse_cut_times(spark, read(spark, layout).selectExpr(select), layout, mapping)


def lake(folder: Path, *times: int) -> Path:
    """Two files, of which the other has the column in another type; the names need quotes."""
    write(
        folder / "a.parquet",
        {"at": pa.array([*times, None], pa.timestamp("ns")), "a b`.c": [1] * (len(times) + 1)},
    )
    write(folder / "b.parquet", {"at": pa.array([5], pa.timestamp("us", "UTC"))})
    return folder


@pytest.mark.parametrize(
    ("item", "select", "key"),
    [("at", "*", "itemId"), ("AT", "*", "property"), ("`x y`", "at as `x y`", "userId")],
)
def test_ids_that_would_become_one_are_refused(
    spark: SparkSession, tmp_path: Path, item: str, select: str, key: str
) -> None:
    said = r"^mapping\.(itemId|userId|properties\.AT): column at has times in nanoseconds, of which"
    with pytest.raises(UsageError, match=said):
        refuse(spark, lake(tmp_path, FINE, COARSE), item, select, key)


@pytest.mark.parametrize("item", ["at", "no_such_column", "at +", "`a b``.c`", "date(at)"])
def test_whole_microseconds_and_expressions_are_not(spark: SparkSession, tmp_path: Path, item: str) -> None:
    refuse(spark, lake(tmp_path, COARSE if item == "at" else FINE), item)
