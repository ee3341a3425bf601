"""Filters on fractions find the rows that statistics and dictionaries of files know nothing of."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tests.sources.lake import frame, values, write


@pytest.mark.spark
@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()])
@pytest.mark.parametrize(
    "condition", ["v != 1", "v > 3", "not v <= 3", "v = double('NaN')", "v = 0", "v >= 0"]
)
def test_a_filter_on_fractions_finds_what_statistics_leave_out(
    spark: SparkSession, tmp_path: Path, kind: pa.DataType, condition: str
) -> None:
    """Parquet's statistics know no NaN and its dictionaries no -0.0 that equals 0: the scan skipped such rows."""
    for number, row_group in enumerate(([1.0, float("nan")], [-0.0], [-1.0, None])):
        write(
            tmp_path / f"{number}.parquet", {"v": pa.array(row_group, kind), "n": [number] * len(row_group)}
        )
    write(tmp_path / "3.parquet", {"v": pa.array([7.0]), "n": [3]})
    rows = frame(spark, tmp_path)
    evaluated = rows.select("n", F.expr(condition).alias("passes")).collect()
    assert values(rows.where(condition), "n") == sorted(row["n"] for row in evaluated if row["passes"])


@pytest.mark.spark
def test_a_filter_on_fractions_in_a_struct_finds_what_statistics_leave_out(
    spark: SparkSession, tmp_path: Path
) -> None:
    price = pa.array([{"v": 1.0}, {"v": float("nan")}], pa.struct([("v", pa.float64())]))
    write(tmp_path / "0.parquet", {"s": price, "n": [0, 1]})
    assert values(frame(spark, tmp_path).where("s.v > 3"), "n") == [1]
