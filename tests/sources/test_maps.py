"""Maps that have a key twice, as some writers leave them: read as they are, or refused in a sentence."""

from __future__ import annotations

import uuid
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.spark.spark_failures import SparkFailure, explained
from tests.sources.lake import frame, write

pytestmark = pytest.mark.spark

IDS = [uuid.UUID(int=number) for number in range(3)]
NANOS = pa.array([1_000, 2_001, 3_000], pa.timestamp("ns"))
UUIDS = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([each.bytes for each in IDS], pa.binary(16)))


def maps(keys: pa.Array, items: pa.Array) -> pa.Array:
    """Two entries, none, null, and one."""
    return pa.MapArray.from_arrays(pa.array([0, 2, None, 2, 3], pa.int32()), keys, items)


@pytest.mark.parametrize(
    ("items", "as_text"),
    [
        (NANOS, ["1970-01-01 00:00:00.000001", "1970-01-01 00:00:00.000002", "1970-01-01 00:00:00.000003"]),
        (UUIDS, [str(each) for each in IDS]),
    ],
)
def test_a_key_that_is_there_twice_keeps_both_values(
    spark: SparkSession, tmp_path: Path, items: pa.Array, as_text: list[str]
) -> None:
    """Spark reads such a map, and fails where it is to make one: `DUPLICATED_MAP_KEY` ended the run."""
    column = maps(pa.array(["a", "a", "b"]), items)
    listed = pa.ListArray.from_arrays(pa.array([0, 1, 2, 3, 4], pa.int32()), column)
    write(tmp_path / "a.parquet", {"n": list(range(4)), "m": column, "l": listed})
    write(tmp_path / "b.parquet", {"n": [4]})
    rows = frame(spark, tmp_path).orderBy("n")
    for name in ("m", "l[0]"):
        pairs = rows.select(F.expr(f"map_keys({name})"), F.expr(f"map_values({name})").cast("array<string>"))
        assert [tuple(row) for row in pairs.collect()] == [
            (["a", "a"], as_text[:2]),
            ([], []),
            (None, None),
            (["b"], as_text[2:]),
            (None, None),
        ]


def test_keys_that_become_one_end_the_run_in_a_sentence(spark: SparkSession, tmp_path: Path) -> None:
    """Two times of one microsecond: no map has room for both."""
    keys = pa.array([1_000, 1_001, 3_000], pa.timestamp("ns"))
    write(tmp_path / "a.parquet", {"m": maps(keys, pa.array([1, 2, 3]))})
    with pytest.raises(SparkFailure) as caught:
        frame(spark, tmp_path).collect()
    said = str(explained(caught.value))
    assert "DUPLICATED_MAP_KEY. Look for" in said
    assert said.endswith(
        "a map of the source, with times or UUIDs as keys, that source.select can leave out."
    )
