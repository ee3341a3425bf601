from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession


@pytest.mark.spark
def test_a_char_column_is_what_its_files_hold(spark: SparkSession, tmp_path: Path) -> None:
    """Spark pads it with blanks by default: another user, and another id, than where a cluster has that turned off."""
    pq.write_table(pa.table({"user": ["abc", "abcde", "ab "]}), tmp_path / "a.parquet")
    spark.sql(f"CREATE TABLE chars (user CHAR(5)) USING parquet LOCATION '{tmp_path}'")
    try:
        rows = spark.table("chars")
        assert sorted(row["user"] for row in rows.collect()) == ["ab ", "abc", "abcde"]
        assert rows.where("user = 'abc'").count() == rows.where("user in ('abc', 'x')").count() == 1
    finally:
        spark.sql("DROP TABLE chars")
