"""The files of an import are to the byte what is documented, and the same rows have the same name in any order."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from bulk.csv_files import is_empty, write_csv
from bulk.fingerprint import Fingerprint

pytestmark = pytest.mark.spark

HEADER = "USER_ID,ITEM_ID"
LINES = ["u,i", '"say \\"hi\\"",i', '"a\\\\b","x,y"', "#u,i", " u,i ", "ü,🛒", 'u,""', "u,'i'", "u,a\tb"]


def test_lines_are_written_as_they_are_below_a_header_in_every_file(
    spark: SparkSession, tmp_path: Path
) -> None:
    lines = spark.createDataFrame([(line,) for line in LINES], "line string").repartition(3)
    write_csv(lines, HEADER, str(tmp_path / "csv"))
    files = [path for path in sorted((tmp_path / "csv").iterdir()) if not path.name.endswith(".crc")]
    assert len(files) == 3
    assert all(path.suffix == ".csv" for path in files), "no _SUCCESS"
    contents = [path.read_bytes().decode() for path in files]
    assert all(content.startswith(f"{HEADER}\n") and content.endswith("\n") for content in contents)
    assert sorted(line for content in contents for line in content.split("\n")[1:-1]) == sorted(LINES)


def test_files_without_a_row_are_known(spark: SparkSession, tmp_path: Path) -> None:
    write_csv(spark.createDataFrame([], "line string"), HEADER, str(tmp_path))
    left = [path for path in tmp_path.iterdir() if not path.name.startswith(".")]
    assert all(is_empty(path.name, path.stat().st_size, HEADER) for path in left)
    assert not is_empty("part-0.csv", len(HEADER) + 2, HEADER)
    assert is_empty("_SUCCESS", 0, HEADER)
    assert is_empty(".part-0.csv.crc", 99, HEADER)


def test_the_same_rows_have_the_same_name_and_any_other_set_another(spark: SparkSession) -> None:
    rows = [("u,i", None), ("u,j", None), ("u,j", None), ("x", "no_user")]

    def taken(rows: list[tuple[str, str | None]], partitions: int = 1) -> Fingerprint:
        return Fingerprint.of(
            spark.createDataFrame(rows, "line string, obstacle string").repartition(partitions)
        )

    first = taken(rows)
    assert (first.rows, first.bytes, first.left_out) == (3, 12, {"no_user": 1})
    assert taken(rows[::-1], partitions=4).name("a") == first.name("a")
    others = [taken(rows[:2]), taken([*rows, ("u,j", None), ("u,j", None)]), taken([("u,i", None)] * 3)]
    names = {first.name("a"), first.name("b"), *(other.name("a") for other in others)}
    assert len(names) == 5
    assert taken([("x", "no_user")]) == Fingerprint(0, 0, "", {"no_user": 1})


def test_the_hashes_of_a_fingerprint_are_added_up_exactly(spark: SparkSession) -> None:
    """They are added in halves; their sum goes beyond 64 bits."""
    rows = spark.range(300).select(
        F.concat(F.lit("u,"), F.col("id").cast("string")).alias("line"),
        F.lit(None).cast("string").alias("obstacle"),
    )
    hashes = [row[0] for row in rows.select(F.xxhash64("line", F.lit("second"))).collect()]
    assert min(hashes) < 0
    assert Fingerprint.of(rows).hashes.partition(".")[2] == str(sum(hashes))
    assert Fingerprint.of(rows.limit(1)).hashes.partition(".")[2] == str(hashes[0])
