"""Iceberg tables as their writers make them, compared with what pyiceberg itself reads of each snapshot."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform
from pyiceberg.types import IntegerType, LongType, NestedField, UUIDType
from pyspark.sql import SparkSession

from tests.sources.tables.session import Tables, events, in_order

pytestmark = pytest.mark.tables


def history(catalog: Catalog, name: str = "shop.events") -> Table:
    """Appends, a delete, an overwrite."""
    table = catalog.create_table(name, events(("a", 1)).schema)
    table.append(events(("a", 1), ("b", 2)))
    table.append(events(("c", 3), ("d", 4)))
    table.delete("n = 2")
    table.overwrite(events(("changed", 3)), "n = 3")
    return table


def path_of(table: Table) -> str:
    return table.location().removeprefix("file://")


def by_pyiceberg(table: Table, snapshot: int | None = None) -> list[str]:
    return in_order(table.scan(snapshot_id=snapshot).to_arrow().to_pylist())


def test_each_snapshot_is_read_as_pyiceberg_reads_it(tables: Tables, catalog: Catalog) -> None:
    table = history(catalog)
    newest = tables.read(path=path_of(table))
    assert newest.sorted() == by_pyiceberg(table)
    current = table.current_snapshot()
    assert current
    assert (newest.account["format"], newest.account["as_of"]) == ("iceberg", current.snapshot_id)
    for snapshot in table.snapshots():
        by_id = tables.read(path=path_of(table), as_of=snapshot.snapshot_id)
        assert by_id.sorted() == by_pyiceberg(table, snapshot.snapshot_id)
    for entry in table.history():
        moment = datetime.fromtimestamp(entry.timestamp_ms / 1000, UTC)
        by_time = tables.read(path=path_of(table), as_of=moment.isoformat())
        last = table.snapshot_as_of_timestamp(entry.timestamp_ms)
        assert last
        assert by_time.account["as_of"] == last.snapshot_id


@pytest.mark.parametrize("version", [2, 3])
def test_rows_that_were_deleted_on_read_are_not_read(tables: Tables, version: int) -> None:
    """Format 2 writes files of positions, format 3 deletion vectors."""
    name = f"lake.shop.mor{version}"
    tables.sql(
        f"CREATE TABLE {name} (user STRING, n INT) USING iceberg TBLPROPERTIES("
        f"'format-version'='{version}', 'write.delete.mode'='merge-on-read', 'write.update.mode'='merge-on-read')",
        f"INSERT INTO {name} SELECT /*+ COALESCE(1) */ concat('u', id), cast(id AS INT) FROM range(10)",
        f"DELETE FROM {name} WHERE n IN (3, 4)",
        f"UPDATE {name} SET user = 'changed' WHERE n = 5",
    )
    folder = tables.warehouse / "lake" / "shop" / f"mor{version}"
    assert list(folder.glob("data/*deletes*"))
    by_path, by_name = tables.read(path=str(folder)), tables.read(table=name)
    assert sorted(row["n"] for row in by_path.rows) == [0, 1, 2, 5, 6, 7, 8, 9]
    assert "changed" in {row["user"] for row in by_path.rows}
    assert by_name.sorted() == by_path.sorted()
    assert by_name.account["as_of"] == by_path.account["as_of"]


def delete_where_equal(spark: SparkSession, name: str, file: str, rows: int, size: int) -> None:
    """Commit a file of equality deletes over field 2, as Flink writes them."""
    jvm: Any = spark._jvm
    gateway: Any = spark.sparkContext._gateway
    table = jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, name)
    fields = gateway.new_array(jvm.int, 1)
    fields[0] = 2
    made = jvm.org.apache.iceberg.FileMetadata.deleteFileBuilder(table.spec()).ofEqualityDeletes(fields)
    made = made.withPath(file).withFormat("PARQUET").withFileSizeInBytes(size).withRecordCount(rows).build()
    table.newRowDelta().addDeletes(made).commit()


def test_rows_that_were_deleted_by_value_are_not_read(tables: Tables, tmp_path: Path) -> None:
    name = "lake.shop.equality"
    tables.sql(
        f"CREATE TABLE {name} (user STRING, n INT) USING iceberg TBLPROPERTIES('format-version'='2')",
        f"INSERT INTO {name} SELECT concat('u', id), cast(id AS INT) FROM range(6)",
    )
    field = pa.field("n", pa.int32(), metadata={"PARQUET:field_id": "2"})
    file = tmp_path / "equality.parquet"
    pq.write_table(pa.table({"n": pa.array([1, 4], pa.int32())}, schema=pa.schema([field])), file)
    tables.call(delete_where_equal, name, f"file:{file}", 2, file.stat().st_size)
    tables.sql(f"INSERT INTO {name} VALUES ('again', 4)")
    seen = tables.read(path=str(tables.warehouse / "lake/shop/equality"))
    assert sorted((row["n"], row["user"]) for row in seen.rows) == [
        (0, "u0"), (2, "u2"), (3, "u3"), (4, "again"), (5, "u5"),
    ]  # fmt: skip


def test_columns_go_by_their_ids_through_all_changes(tables: Tables, catalog: Catalog) -> None:
    """Added, widened, renamed, and a dropped name that comes again; no snapshot follows the last change."""
    table = history(catalog)
    with table.update_schema() as change:
        change.add_column("price", LongType())
        change.update_column("n", LongType())
        change.rename_column("user", "who")
    table.append(pa.table({"who": ["e"], "n": pa.array([5_000_000_000]), "price": pa.array([7])}))
    with table.update_schema() as change:
        change.delete_column("price")
    with table.update_schema() as change:
        change.add_column("price", IntegerType())
    seen = tables.read(path=path_of(table))
    assert seen.sorted() == by_pyiceberg(table)
    assert {row["price"] for row in seen.rows} == {None}
    old = table.snapshots()[0].snapshot_id
    assert tables.read(path=path_of(table), as_of=old).sorted() == by_pyiceberg(table, old)


def test_partitions_may_change(tables: Tables, catalog: Catalog) -> None:
    table = history(catalog)
    with table.update_spec() as change:
        change.add_field("user", IdentityTransform())
    table.append(events(("x y=%", 5), ("b", 6)))
    with table.update_spec() as change:
        change.remove_field("user")
        change.add_field("n", BucketTransform(4))
    table.append(events(("b", 7)))
    assert tables.read(path=path_of(table)).sorted() == by_pyiceberg(table)
    rows = tables.read(path=path_of(table), filter="user = 'b'").rows
    assert sorted(row["n"] for row in rows) == [6, 7]


def test_a_table_by_days_is_filtered_by_its_times(tables: Tables, catalog: Catalog) -> None:
    moments = [datetime(2026, 1, day, 23, 30, tzinfo=UTC) for day in (1, 2, 3)]
    data = pa.table({"at": pa.array(moments, pa.timestamp("us", "UTC")), "n": [1, 2, 3]})
    table = catalog.create_table("shop.days", data.schema)
    with table.update_spec() as change:
        change.add_field("at", DayTransform())
    table.append(data)
    rows = tables.read(path=path_of(table), filter="at >= '2026-01-02'").rows
    assert sorted(row["n"] for row in rows) == [2, 3]


def test_a_filter_on_fractions_finds_what_statistics_leave_out(tables: Tables, catalog: Catalog) -> None:
    prices = pa.array([1.0, float("nan")])
    within = pa.StructArray.from_arrays([prices], ["price"])
    nested = pa.StructArray.from_arrays([within], ["e"])
    data = pa.table({"n": [1, 2], "price": prices, "e": within, "o": nested})
    table = catalog.create_table("shop.prices", data.schema)
    table.append(data)
    for condition in ("price > 3", "e.price > 3", "o.e.price > 3"):
        assert [row["n"] for row in tables.read(path=path_of(table), filter=condition).rows] == [2]


def test_values_come_as_they_are(tables: Tables, catalog: Catalog) -> None:
    one = UUID("01234567-89ab-cdef-0123-456789abcdef")
    schema = Schema(NestedField(1, "id", UUIDType()), NestedField(2, "n", LongType()))
    table = catalog.create_table("shop.uuids", schema)
    table.append(pa.table({"id": pa.array([one.bytes], pa.uuid()), "n": [1]}))
    assert tables.read(path=path_of(table)).rows == [{"id": str(one), "n": 1}]
    data = pa.table(
        {
            "d": pa.array([Decimal("123.0000000000")], pa.decimal128(20, 10)),
            "f": [float("nan")],
            "b": pa.array([b"\xff\x00"], pa.binary()),
            "t": pa.array([datetime(2026, 1, 1)], pa.timestamp("us")),  # noqa: DTZ001 - it has no zone there either
        }
    )
    table = catalog.create_table("shop.values", data.schema)
    table.append(data)
    assert tables.read(path=path_of(table)).sorted() == by_pyiceberg(table)


def test_a_commit_while_the_run_reads_changes_nothing(tables: Tables, catalog: Catalog) -> None:
    table = history(catalog)
    before = by_pyiceberg(table)

    def commit() -> None:
        table.append(events(("late", 9)))
        table.delete("n = 1")

    seen = tables.read(path=path_of(table), between=commit)
    assert seen.sorted() == before
    assert tables.read(path=path_of(table), as_of=seen.account["as_of"]).sorted() == before


def test_a_commit_while_a_named_table_is_read_changes_nothing(tables: Tables) -> None:
    name = "lake.shop.busy"
    tables.sql(f"CREATE TABLE {name} (n INT) USING iceberg", f"INSERT INTO {name} VALUES (1), (2)")
    seen = tables.read(table=name, between=lambda: tables.sql(f"DELETE FROM {name} WHERE n = 1"))
    assert sorted(row["n"] for row in seen.rows) == [1, 2]
    assert [row["n"] for row in tables.read(table=name).rows] == [2]
    again = tables.read(table=name, as_of=seen.account["as_of"])
    assert sorted(row["n"] for row in again.rows) == [1, 2]


def write_to_a_branch(spark: SparkSession, name: str) -> None:
    """Stage a row for audit, and leave the session set to the branch, as a cluster's defaults may."""
    table = cast("Any", spark._jvm).org.apache.iceberg.spark.Spark3Util.loadIcebergTable(
        spark._jsparkSession, name
    )
    table.manageSnapshots().createBranch("audit").commit()
    table.updateProperties().set("write.wap.enabled", "true").commit()
    spark.conf.set("spark.wap.branch", "audit")
    spark.sql(f"REFRESH TABLE {name}")
    spark.sql(f"INSERT INTO {name} VALUES (99)")


def test_rows_that_wait_for_an_audit_are_not_read(tables: Tables) -> None:
    name = "lake.shop.audited"
    tables.sql(f"CREATE TABLE {name} (n INT) USING iceberg", f"INSERT INTO {name} VALUES (1)")
    tables.call(write_to_a_branch, name)
    assert tables.read(table=name).rows == [{"n": 1}]
    assert tables.read(path=str(tables.warehouse / "lake/shop/audited")).rows == [{"n": 1}]


def test_a_snapshot_whose_files_are_gone_ends_in_a_sentence(tables: Tables, catalog: Catalog) -> None:
    table = history(catalog)
    [old, *_] = table.snapshots()
    for file in Path(path_of(table)).glob("data/*.parquet"):
        file.unlink()
    said = tables.refused(path=path_of(table), as_of=old.snapshot_id)
    assert "is not there any more: the version or snapshot that is read was vacuumed or has expired" in said


def test_a_missing_manifest_ends_in_a_sentence(tables: Tables, catalog: Catalog) -> None:
    table = history(catalog)
    for file in Path(path_of(table)).glob("metadata/*-m*.avro"):
        file.unlink()
    assert "is not there any more" in tables.refused(path=path_of(table))


def test_an_empty_table_has_no_rows(tables: Tables, catalog: Catalog) -> None:
    table = catalog.create_table("shop.empty", events(("a", 1)).schema)
    seen = tables.read(path=path_of(table))
    assert (seen.rows, seen.account["as_of"], seen.refusal) == ([], None, None)


def test_a_format_that_the_connector_lacks_is_named(tables: Tables, catalog: Catalog) -> None:
    table = history(catalog)
    newest = Path(table.metadata_location.removeprefix("file://"))
    newest.write_text(json.dumps({**json.loads(newest.read_text()), "format-version": 9}))
    said = tables.refused(path=path_of(table))
    assert "uses features of Apache Iceberg that this connector does not know" in said


def test_tables_of_sparks_own_catalog_are_read(tables: Tables) -> None:
    tables.sql(
        "CREATE TABLE of_delta (n INT) USING delta",
        "INSERT INTO of_delta VALUES (1), (2)",
        "DELETE FROM of_delta WHERE n = 1",
        "CREATE TABLE of_parquet (n INT, day STRING) USING parquet PARTITIONED BY (day)",
        "INSERT INTO of_parquet VALUES (1, '05')",
    )
    assert [row["n"] for row in tables.read(table="of_delta").rows] == [2]
    seen = tables.read(table="spark_catalog.default.of_delta", as_of=1)
    assert sorted(row["n"] for row in seen.rows) == [1, 2]
    assert (seen.account["format"], seen.account["as_of"]) == ("delta", 1)
    assert tables.read(table="default.of_parquet").rows == [{"n": 1, "day": "05"}]
    assert "has no versions" in tables.refused(table="of_parquet", as_of=1)


def test_what_is_no_table_in_a_catalog_is_named(tables: Tables) -> None:
    tables.sql("CREATE TABLE of_csv (n INT) USING csv", "CREATE VIEW a_view AS SELECT 1 AS n")
    assert "it is of the kind csv" in tables.refused(table="of_csv")
    assert "it is of the kind view" in tables.refused(table="a_view")
    assert "Spark's catalogs know no such table" in tables.refused(table="lake.shop.none")
    assert "Spark's catalogs know no such table" in tables.refused(table="nowhere.shop.none")
    tables.sql("CREATE TABLE lake.shop.once (n INT) USING iceberg")
    assert "has no snapshot 5" in tables.refused(table="lake.shop.once", as_of=5)
    assert "has no snapshot 2026-01-01" in tables.refused(table="lake.shop.once", as_of="2026-01-01")
