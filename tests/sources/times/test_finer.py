"""Filters with microseconds find the rows of files in milliseconds that Spark's scan would skip."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from sources.reading import plan_reading, read
from sources.times.finer import compares_finer_times, times_not_pushed_down
from sources.used_columns import ALL
from tests.sources.lake import find, values, write

pytestmark = pytest.mark.spark

LAST = datetime(2026, 1, 31, 23, 59, 59, 999_000)  # noqa: DTZ001 - as pandas writes times
FINER = "timestamp_ntz '2026-01-31 23:59:59.999999'"
MILLIS = "timestamp_ntz '2026-01-31 23:59:59.999'"


def lake(folder: Path) -> Path:
    """A row group for each row, in milliseconds."""
    times = pa.array([LAST, LAST + timedelta(milliseconds=1), None], pa.timestamp("ms"))
    return write(folder / "a.parquet", {"t": times, "n": [0, 1, 2]}, row_group_size=1)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (f"t < {FINER}", [0]),
        (f"not t >= {FINER}", [0]),
        (f"n = 0 and t != {FINER}", [0]),
        (f"t <= {FINER} and t not in ({FINER}, {MILLIS})", []),
        (f"t < {MILLIS} + interval 7 microseconds", [0]),
        ("t not in (" + ", ".join(f"{MILLIS} - interval {n} days" for n in range(20)) + ")", [1]),
    ],
)
def test_a_filter_finer_than_a_files_times_finds_all_rows(
    spark: SparkSession, tmp_path: Path, condition: str, found: list[int]
) -> None:
    footers = find(lake(tmp_path)).footers
    plain = read(spark, plan_reading(footers, ALL))
    assert compares_finer_times(plain.where(condition))
    numbers = read(spark, plan_reading(footers, ALL, millis_as_numbers=True))
    assert (
        values(numbers.where(condition), "n")
        == values(times_not_pushed_down(plain).where(condition), "n")
        == found
    )


@pytest.mark.parametrize("condition", [f"t < {MILLIS}", f"n < 1000001 and t >= {MILLIS}", "t is not null"])
def test_other_filters_may_reach_the_scan(spark: SparkSession, tmp_path: Path, condition: str) -> None:
    assert not compares_finer_times(
        read(spark, plan_reading(find(lake(tmp_path)).footers, ALL)).where(condition)
    )
