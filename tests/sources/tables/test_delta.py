"""Delta Lake tables as their writers make them, compared with what deltalake itself reads of each version."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyspark
import pytest
from deltalake import DeltaTable, write_deltalake

from tests.sources.tables.session import Tables, events, in_order

pytestmark = pytest.mark.tables


def history(path: Path) -> Path:
    """Four versions: two appends, a delete, an update."""
    write_deltalake(path, events(("a", 1), ("b", 2)))
    write_deltalake(path, events(("c", 3), ("d", 4)), mode="append")
    DeltaTable(path).delete("n = 2")
    DeltaTable(path).update(predicate="n = 3", updates={"user": "'changed'"})
    return path


def by_deltalake(path: Path, version: int | None = None) -> list[str]:
    return in_order(DeltaTable(path, version=version).to_pyarrow_table().to_pylist())


def log(path: Path, version: int) -> Path:
    return path / "_delta_log" / f"{version:020}.json"


def committed_at(path: Path, version: int) -> datetime:
    """Delta Lake's time of a version: the log file's own."""
    return datetime.fromtimestamp(log(path, version).stat().st_mtime, UTC)


def test_each_version_is_read_as_deltalake_reads_it(tables: Tables, tmp_path: Path) -> None:
    path = history(tmp_path / "t")
    newest = tables.read(path=str(path))
    assert newest.sorted() == by_deltalake(path)
    assert len(newest.rows) == 3
    assert (newest.account["format"], newest.account["as_of"]) == ("delta", 3)
    for version in range(4):
        seen = tables.read(path=f"file:{path}/", as_of=version)
        assert seen.sorted() == by_deltalake(path, version)
        assert seen.account["as_of"] == version
        assert seen.account["time"]


def test_a_time_means_the_last_version_by_then(tables: Tables, tmp_path: Path) -> None:
    path = history(tmp_path / "t")
    for version in range(4):
        moment = datetime(2026, 1, 1 + version, 12, tzinfo=UTC).timestamp()
        import os  # noqa: PLC0415

        os.utime(log(path, version), (moment, moment))
    assert tables.read(path=str(path), as_of="2026-01-03").account["as_of"] == 1
    assert tables.read(path=str(path), as_of="2026-01-03T12:00:00Z").account["as_of"] == 2
    assert tables.read(path=str(path), as_of="2026-02-01").account["as_of"] == 3
    said = tables.refused(path=str(path), as_of="2026-01-01")
    assert "has no version as old as 2026-01-01T00:00:00.000Z" in said


@pytest.mark.parametrize("nullable", [True, False])
def test_a_filter_on_fractions_finds_what_statistics_leave_out(
    tables: Tables, tmp_path: Path, *, nullable: bool
) -> None:
    """Of a column that is never null, Spark's optimizer sees through more."""
    price = pa.field("price", pa.float64(), nullable)
    prices = pa.array([1.0, float("nan"), -0.0], price.type)
    within = pa.StructArray.from_arrays([prices], fields=[price])
    schema = pa.schema([("n", pa.int64()), price, pa.field("e", within.type, nullable)])
    write_deltalake(tmp_path / "t", pa.table([pa.array([1, 2, 3]), prices, within], schema=schema))
    for condition in ("price > 3", "e.price > 3"):
        assert [row["n"] for row in tables.read(path=str(tmp_path / "t"), filter=condition).rows] == [2]


def test_a_struct_without_the_field_in_use_is_no_null(tables: Tables, tmp_path: Path) -> None:
    path = f"delta.`{tmp_path / 't'}`"
    tables.sql(
        f"CREATE TABLE {path} (e STRUCT<price: INT>) USING delta",
        f"INSERT INTO {path} VALUES (named_struct('price', 1))",
        f"ALTER TABLE {path} ADD COLUMNS (e.coupon STRING)",
        f"INSERT INTO {path} VALUES (named_struct('price', 2, 'coupon', 'x'))",
    )
    seen = tables.read(path=str(tmp_path / "t"), filter="e IS NOT NULL", select=["e.coupon"])
    assert seen.sorted() == in_order([{"coupon": None}, {"coupon": "x"}])


def test_a_version_that_is_not_there_is_named(tables: Tables, tmp_path: Path) -> None:
    path = history(tmp_path / "t")
    assert "has no version 9: the newest is 3 of " in tables.refused(path=str(path), as_of=9)


def test_rows_behind_deletion_vectors_are_not_read(tables: Tables, tmp_path: Path) -> None:
    path = tmp_path / "t"
    tables.sql(
        f"CREATE TABLE delta.`{path}` (user STRING, n INT) USING delta "
        "TBLPROPERTIES('delta.enableDeletionVectors'='true')",
        f"INSERT INTO delta.`{path}` SELECT /*+ COALESCE(1) */ concat('u', id), cast(id AS INT) FROM range(10)",
        f"DELETE FROM delta.`{path}` WHERE n IN (3, 4)",
    )
    assert "deletionVector" in log(path, 2).read_text()
    assert sorted(row["n"] for row in tables.read(path=str(path)).rows) == [0, 1, 2, 5, 6, 7, 8, 9]
    assert len(tables.read(path=str(path), as_of=1).rows) == 10
    assert [row["n"] for row in tables.read(path=str(path), filter="n BETWEEN 2 AND 4").rows] == [2]


def test_a_column_that_was_added_is_null_before(tables: Tables, tmp_path: Path) -> None:
    path = tmp_path / "t"
    write_deltalake(path, events(("a", 1)))
    added = events(("b", 2)).append_column("price", pa.array([1.5]))
    write_deltalake(path, added, mode="append", schema_mode="merge")
    assert tables.read(path=str(path)).sorted() == by_deltalake(path)


@pytest.mark.parametrize("mode", ["name", "id"])
def test_a_renamed_column_has_its_values(tables: Tables, tmp_path: Path, mode: str) -> None:
    path = tmp_path / "t"
    tables.sql(
        f"CREATE TABLE delta.`{path}` (user STRING, n INT, more STRUCT<x: INT>) USING delta "
        f"TBLPROPERTIES('delta.columnMapping.mode'='{mode}')",
        f"INSERT INTO delta.`{path}` VALUES ('a', 1, named_struct('x', 5))",
        f"ALTER TABLE delta.`{path}` RENAME COLUMN n TO number",
        f"ALTER TABLE delta.`{path}` RENAME COLUMN more.x TO y",
        f"INSERT INTO delta.`{path}` VALUES ('b', 2, named_struct('y', 6))",
    )
    rows = tables.read(path=str(path), select=["user", "number", "more.y AS y"]).rows
    assert sorted(rows, key=str) == [{"user": "a", "number": 1, "y": 5}, {"user": "b", "number": 2, "y": 6}]


def test_a_widened_type_holds_old_and_new_values(tables: Tables, tmp_path: Path) -> None:
    """Delta Lake for Spark 3.5 widens nothing to BIGINT."""
    narrow, wide, large = "INT", "BIGINT", 5_000_000_000
    if pyspark.__version__.startswith("3.5"):
        narrow, wide, large = "SMALLINT", "INT", 100_000
    path = tmp_path / "t"
    tables.sql(
        f"CREATE TABLE delta.`{path}` (n {narrow}) USING delta TBLPROPERTIES('delta.enableTypeWidening'='true')",
        f"INSERT INTO delta.`{path}` VALUES (1)",
        f"ALTER TABLE delta.`{path}` ALTER COLUMN n TYPE {wide}",
        f"INSERT INTO delta.`{path}` VALUES ({large})",
    )
    assert sorted(row["n"] for row in tables.read(path=str(path)).rows) == [1, large]


def test_partitions_are_read_with_their_types(tables: Tables, tmp_path: Path) -> None:
    path = tmp_path / "a table"
    data = pa.table({"user": ["a", "b", "c"], "day": ["2026-01-01", "x y=%41", None], "hour": [5, 6, 7]})
    write_deltalake(path, data, partition_by=["day", "hour"])
    assert tables.read(path=str(path)).sorted() == by_deltalake(path)
    assert [row["user"] for row in tables.read(path=str(path), filter="hour = 6").rows] == ["b"]


def test_a_commit_while_the_run_reads_changes_nothing(tables: Tables, tmp_path: Path) -> None:
    path = history(tmp_path / "t")
    before = by_deltalake(path)

    def commit() -> None:
        write_deltalake(path, events(("late", 9)), mode="append")
        DeltaTable(path).delete("n = 1")

    seen = tables.read(path=str(path), between=commit)
    assert seen.sorted() == before
    assert tables.read(path=str(path), as_of=seen.account["as_of"]).sorted() == before
    assert tables.read(path=str(path)).sorted() == by_deltalake(path)


def test_a_version_that_was_vacuumed_ends_in_a_sentence(tables: Tables, tmp_path: Path) -> None:
    path = history(tmp_path / "t")
    DeltaTable(path).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    said = tables.refused(path=str(path), as_of=1)
    assert "is not there any more" in said
    assert "take a version that was not vacuumed" in said
    assert len(tables.read(path=str(path)).rows) == 3


def test_a_version_whose_log_was_cleaned_up_ends_in_a_sentence(tables: Tables, tmp_path: Path) -> None:
    path = history(tmp_path / "t")
    DeltaTable(path).create_checkpoint()
    log(path, 0).unlink()
    log(path, 1).unlink()
    assert "that version can't be read any more" in tables.refused(path=str(path), as_of=2)
    assert len(tables.read(path=str(path)).rows) == 3


def test_a_feature_that_the_connector_lacks_is_named(tables: Tables, tmp_path: Path) -> None:
    path = history(tmp_path / "t")
    protocol = {
        "minReaderVersion": 3,
        "minWriterVersion": 7,
        "readerFeatures": ["holograms"],
        "writerFeatures": ["holograms"],
    }
    log(path, 4).write_text(json.dumps({"protocol": protocol}) + "\n")
    said = tables.refused(path=str(path))
    assert "uses features of Delta Lake that this connector does not know" in said
    assert "holograms" in said


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("cut", "its log or metadata is damaged, or can't be read."),
        ("empty folder", "there is no table of Delta Lake: its log holds no commit."),
        ("gap", "its log or metadata is damaged, or can't be read."),
    ],
)
def test_a_damaged_log_ends_in_a_sentence(tables: Tables, tmp_path: Path, damage: str, sentence: str) -> None:
    path = history(tmp_path / "t")
    if damage == "cut":
        content = log(path, 3).read_bytes()
        log(path, 3).write_bytes(content[: len(content) // 2])
    elif damage == "gap":
        log(path, 2).unlink()
    else:
        shutil.rmtree(path / "_delta_log")
        (path / "_delta_log").mkdir()
    said = tables.refused(path=str(path))
    assert said.startswith(f"source.path {path}: ")
    assert sentence in said


def test_a_folder_that_looks_like_a_version_is_a_folder(tables: Tables, tmp_path: Path) -> None:
    """Delta Lake takes `t@v0` for version 0 of `t` by itself."""
    path = history(tmp_path / "t@v0")
    assert tables.read(path=str(path)).sorted() == by_deltalake(path)


def test_a_time_that_is_yet_to_come_is_refused(tables: Tables, tmp_path: Path) -> None:
    path = history(tmp_path / "t")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert "is in the future" in tables.refused(path=str(path), as_of=tomorrow.isoformat())
