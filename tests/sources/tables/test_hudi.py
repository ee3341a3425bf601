"""Hudi tables as Hudi's own writer makes them, read by a Spark that is started as the job starts one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.sources.tables.hudi_lake import RUNS_HERE, STATES, TABLES, complete, instants, lake
from tests.sources.tables.session import Seen, Tables, hudi_session

pytestmark = [pytest.mark.tables, RUNS_HERE]

KINDS = ["copied", "merged", "copied-6", "merged-6"]
Copy = Callable[[str], Path]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with lake(tmp_path_factory.mktemp("lake"), TABLES) as folder:
        yield folder


@pytest.fixture(scope="module")
def tables(written: Path) -> Iterator[Tables]:
    """One Spark with the connector, after the one that wrote has ended."""
    assert written.is_dir()
    with hudi_session() as session:
        yield session


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Copy:
    """Make a copy of a table, to change it."""
    return lambda name: Path(shutil.copytree(written / name, tmp_path / name))


def users(seen: Seen) -> list[str]:
    assert seen.refusal is None, seen.refusal
    return sorted(row["user"] for row in seen.rows)


@pytest.mark.parametrize("kind", KINDS)
def test_each_instant_is_read_without_its_deleted_rows(tables: Tables, written: Path, kind: str) -> None:
    path = written / kind
    known = instants(path)
    newest = tables.read(path=str(path))
    assert users(newest) == STATES[-1]
    assert sorted(newest.rows[0]) == ["day", "key", "n", "user"]
    assert (newest.account["format"], newest.account["as_of"]) == ("hudi", known[-1])
    assert newest.account["time"]
    assert newest.account["bytes"] < 10_000_000
    for instant, state in zip(known, STATES, strict=True):
        seen = tables.read(path=f"file:{path}/", as_of=instant)
        assert users(seen) == state
        assert seen.account["as_of"] == instant


def test_tables_of_merge_on_read_have_their_deletes_in_log_files(written: Path) -> None:
    assert list((written / "merged").rglob("*.log.*"))
    assert list((written / "merged-6").rglob("*.log.*"))


def test_a_cluster_that_reads_without_log_files_changes_nothing(tables: Tables, written: Path) -> None:
    tables.call(set_query_type, "read_optimized")
    try:
        assert users(tables.read(path=str(written / "merged"))) == STATES[-1]
    finally:
        tables.call(set_query_type, None)


def set_query_type(spark: SparkSession, value: str | None) -> None:
    key = "hoodie.datasource.query.type"
    spark.conf.unset(key) if value is None else spark.conf.set(key, value)


@pytest.mark.parametrize("kind", ["merged", "copied-6"])
def test_a_time_means_the_last_commit_by_then(tables: Tables, written: Path, kind: str) -> None:
    path = written / kind
    digits = [each.stem.rpartition("_")[2] for each in complete(path)]
    times = [datetime.strptime(each, "%Y%m%d%H%M%S%f").replace(tzinfo=UTC) for each in digits]
    between = times[0] + (times[1] - times[0]) / 2
    assert users(tables.read(path=str(path), as_of=between.isoformat())) == STATES[0]
    assert users(tables.read(path=str(path), as_of=times[1].isoformat())) == STATES[1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_commit_in_flight_is_not_read_even_when_it_completes(tables: Tables, copy: Copy, kind: str) -> None:
    path = copy(kind)
    newest = complete(path)[-1]
    aside = newest.rename(path.parent / newest.name)
    assert users(tables.read(path=str(path))) == STATES[1]
    seen = tables.read(path=str(path), between=lambda: aside.rename(newest))
    assert users(seen) == STATES[1]
    assert users(tables.read(path=str(path))) == STATES[2]


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_that_an_earlier_commit_would_join_is_refused(tables: Tables, copy: Copy, kind: str) -> None:
    path = copy(kind)
    first, second, third = instants(path)
    complete(path)[1].unlink()
    said = tables.refused(path=str(path))
    assert f"commit {second} began before {third}, which would be read, and is not complete" in said
    assert said.endswith(f"source.as_of={first}.")
    assert users(tables.read(path=str(path), as_of=first)) == STATES[0]


@pytest.mark.parametrize("policy", ["commits", "versions"])
def test_a_state_whose_files_were_cleaned_up_is_refused(tables: Tables, written: Path, policy: str) -> None:
    path = written / f"cleaned-{policy}"
    known = instants(path)
    said = tables.refused(path=str(path), as_of=known[0])
    assert f"can't be read as of {known[0]} any more: its files were cleaned up" in said
    assert users(tables.read(path=str(path))) == [f"a{len(known)}"]


def test_a_state_that_a_cleaning_kept_is_read(tables: Tables, written: Path) -> None:
    path = written / "cleaned-commits"
    assert users(tables.read(path=str(path), as_of=instants(path)[-2])) == ["a3"]


def test_hudis_own_columns_are_read_where_they_are_named(tables: Tables, written: Path) -> None:
    path = str(written / "copied")
    seen = tables.read(
        path=path, select=["_hoodie_record_key AS k", "user"], filter="_hoodie_record_key = '3'"
    )
    assert seen.rows == [{"k": "3", "user": "c"}]
    assert sorted(tables.read(path=path, select=["*"]).rows[0]) == ["day", "key", "n", "user"]


def test_a_filter_on_the_partition_reads_that_partition(tables: Tables, written: Path) -> None:
    assert users(tables.read(path=str(written / "copied"), filter="day = 'd2'")) == ["c", "d"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_goes_while_the_run_reads_is_named(tables: Tables, copy: Copy, kind: str) -> None:
    path = copy(kind)

    def clean() -> None:
        for file in path.glob("d1/*.parquet"):
            file.unlink()

    seen = tables.read(path=str(path), between=clean)
    assert seen.refusal is not None, seen
    assert "is not there any more" in seen.refusal
