"""What `source.table` names: no other table's files."""

from __future__ import annotations

import pytest

from tests.sources.tables.session import Tables

pytestmark = pytest.mark.tables


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
        assert tables.refused(table=direct)
