"""What `source.table` names: a table alone, no part of one that a longer name selects, and no other table's files."""

from __future__ import annotations

import re
from typing import Any

import pyspark
import pytest
from pyspark.sql import SparkSession

from tests.sources.tables.session import Tables

pytestmark = pytest.mark.tables

EVENTS = "lake.shop.selected"


def make_references(spark: SparkSession, name: str) -> None:
    """Make a tag and a branch of the newest snapshot: in SQL they need an extension of Iceberg's that the job lacks."""
    jvm: Any = spark._jvm
    table = jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, name)
    snapshot = table.currentSnapshot().snapshotId()
    table.manageSnapshots().createTag("x", snapshot).createBranch("y", snapshot).commit()


def test_a_name_that_goes_on_behind_an_iceberg_tables_is_refused(tables: Tables) -> None:
    """Spark reads the tag's rows under that name; the job would have settled the newest snapshot of the table.

    Of some such names Spark 3.5 says that there is no table of them.
    """
    said = "Name the table alone, and a snapshot by its id as source.as_of."
    if pyspark.__version__.startswith("3.5"):
        said = f"{re.escape(said)}|Spark's catalogs know no such table"
    tables.sql(
        f"CREATE TABLE {EVENTS} (user STRING, n INT) USING iceberg",
        f"INSERT INTO {EVENTS} VALUES ('a', 1)",
    )
    tables.call(make_references, EVENTS)
    tables.sql(f"INSERT INTO {EVENTS} VALUES ('b', 2)")
    whole = tables.read(table=EVENTS)
    assert len(whole.rows) == 2
    snapshot = whole.account["as_of"]
    for selector in (
        "tag_x", "branch_y", f"snapshot_id_{snapshot}", "at_timestamp_1900000000000", "files", "snapshots", "changes",
        "rewrite",
    ):  # fmt: skip
        assert re.search(said, tables.refused(table=f"{EVENTS}.{selector}"))


def test_a_parquet_table_over_the_files_of_another_table_is_refused(tables: Tables) -> None:
    """As a crawler registers a folder of Delta Lake, whose deleted rows are in its files."""
    lake = tables.warehouse / "lake_of_delta"
    tables.sql(
        f"CREATE TABLE delta.`file:{lake}` (user STRING, day STRING) USING delta PARTITIONED BY (day)",
        f"INSERT INTO delta.`file:{lake}` VALUES ('a', '1'), ('b', '2')",
        f"DELETE FROM delta.`file:{lake}` WHERE user = 'b'",
        "CREATE TABLE crawled (user STRING, day STRING) USING parquet PARTITIONED BY (day) "
        f"LOCATION 'file:{lake}'",
        "ALTER TABLE crawled RECOVER PARTITIONS",
        "CREATE TABLE mixed (user STRING, day STRING) USING parquet PARTITIONED BY (day)",
        "INSERT INTO mixed VALUES ('c', '3')",
    )
    assert len(tables.read(table="mixed").rows) == 1
    tables.sql(f"ALTER TABLE mixed ADD PARTITION (day='2') LOCATION 'file:{lake}/day=2'")
    for table in ("crawled", "mixed"):
        assert f"{lake} is the folder of a table of Delta Lake" in tables.refused(table=table)
    for direct in (f"parquet.`file:{lake}`", f"parquet.`file:{lake}/day=1`"):
        assert "Spark's catalogs know no such table" in tables.refused(table=direct)
