from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession

from transforms.errors import BadInput
from transforms.mapping import SourceSettings
from transforms.source import folder_of, read

RETAIL = Path(__file__).parents[3] / "shared/data/retail-demo/interactions"
OTTO = Path(__file__).parents[3] / "shared/data/otto/sessions.parquet"


def write(folder: Path, columns: dict[str, Any] | None = None) -> None:
    folder.mkdir(parents=True)
    pq.write_table(
        pa.table(columns or {"user": [1, 2], "item": ["a", "b"], "at": [10, 20]}), folder / "a.parquet"
    )


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    for day in ("2026-01", "2026-02", "2026-03"):
        write(tmp_path / "logs" / f"day={day}")
    (tmp_path / "logs" / "_SUCCESS").write_text("done")
    return tmp_path / "logs"


def source(path: object, **more: object) -> SourceSettings:
    paths = [str(each) for each in path] if isinstance(path, list) else str(path)
    return SourceSettings.model_validate({"path": paths, **more})


def physical_plan(rows: DataFrame) -> str:
    return str(rows._jdf.queryExecution().executedPlan().toString())


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("s3://bucket", "s3://bucket/"),
        ("s3://bucket/logs/", "s3://bucket/logs/"),
        ("s3a://bucket/logs/day=1", "s3a://bucket/logs/"),
        ("s3://bucket/logs/year=1/month=*/", "s3://bucket/logs/"),
        ("s3://bucket/logs/*/a.parquet", "s3://bucket/logs/"),
        ("s3://bucket/logs/{day=1,day=2}", "s3://bucket/logs/"),
        ("s3://bucket/env=prod/logs", "s3://bucket/env=prod/logs/"),
        ("s3://bucket/day=1", "s3://bucket/"),
        ("file:///data/a.parquet", "file:///data/"),
        ("/data/logs", "file:/data/logs/"),
        ("/day=1", "file:/"),
    ],
)
def test_partition_columns_count_from_the_folder_above_the_first_of_them(path: str, folder: str) -> None:
    assert folder_of(path) == folder


def test_a_relative_path_is_local() -> None:
    assert folder_of("logs/day=1") == f"file:{Path.cwd()}/logs/"


@pytest.mark.spark
@pytest.mark.parametrize(
    ("paths", "rows"),
    [
        (["."], 6),
        (["day=2026-01"], 2),
        (["day=2026-01", "day=2026-03"], 4),
        (["day=2026-0[12]"], 4),
        (["day=2026-01/*.parquet"], 2),
        (["day=2026-01/a.parquet", "day=2026-02"], 4),
        (["*"], 6),
    ],
)
def test_folders_are_columns_however_the_paths_are_given(
    spark: SparkSession, logs: Path, paths: list[str], rows: int
) -> None:
    frame = read(spark, source([f"{logs}/{path}".removesuffix("/.") for path in paths]))
    assert frame.columns == ["user", "item", "at", "day"]
    assert frame.count() == rows
    assert frame.filter("day is null").count() == 0


@pytest.mark.spark
def test_several_folders_are_put_together_column_by_name(spark: SparkSession, logs: Path) -> None:
    write(logs.parent / "more" / "day=2025-12", {"at": [5], "user": [3], "item": ["c"]})
    both = read(spark, source([logs, logs.parent / "more"], filter="day = '2025-12'"))
    assert [tuple(row) for row in both.collect()] == [(3, "c", 5, "2025-12")]


@pytest.mark.spark
def test_folders_with_different_columns_are_refused(spark: SparkSession, logs: Path) -> None:
    write(logs.parent / "more")
    with pytest.raises(BadInput, match=r"^source\.path: .*more/ and .*logs/ have different columns"):
        read(spark, source([logs, logs.parent / "more"]))


@pytest.mark.spark
def test_a_folder_with_odd_characters_is_read(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path / "odd name+%20#é")
    assert read(spark, source(tmp_path / "odd name+%20#é")).count() == 2


@pytest.mark.spark
def test_the_filter_reaches_the_scan_and_select_prunes_it(spark: SparkSession, logs: Path) -> None:
    rows = read(spark, source(logs, filter="day >= '2026-02' and at > 10", select=["user as u", "at"]))
    plan = physical_plan(rows)
    assert "PartitionFilters: [isnotnull(day" in plan
    assert "GreaterThan(at,10)" in plan
    assert "ReadSchema: struct<user:bigint,at:bigint>" in plan
    assert sorted(tuple(row) for row in rows.collect()) == [(2, 20), (2, 20)]


@pytest.mark.spark
def test_the_filter_reaches_every_folder_of_several(spark: SparkSession, logs: Path) -> None:
    write(logs.parent / "more" / "day=2025-12")
    plan = physical_plan(read(spark, source([logs, logs.parent / "more"], filter="at > 10", select=["item"])))
    assert plan.count("GreaterThan(at,10)") == 2
    assert plan.count("ReadSchema: struct<item:string,at:bigint>") == 2


@pytest.mark.spark
def test_select_may_explode_and_the_filter_sees_the_raw_columns(spark: SparkSession, tmp_path: Path) -> None:
    events = pa.array([[{"aid": 1}, {"aid": 2}], [{"aid": 3}]], pa.list_(pa.struct([("aid", pa.int64())])))
    write(tmp_path / "x", {"session": [1, 2], "events": events})
    rows = read(
        spark, source(tmp_path / "x", filter="session = 1", select=["explode(events) as e", "session"])
    )
    assert [row["e"]["aid"] for row in rows.collect()] == [1, 2]


@pytest.mark.spark
@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"filter": "dayy > '1'"}, r"source\.filter: there is no column dayy; the nearest is day"),
        ({"filter": "day >"}, r"source\.filter: Syntax error at"),
        ({"filter": "user"}, r"source\.filter: .*boolean|source\.filter: .*BOOLEAN"),
        ({"filter": "rand() < 0.5"}, r"source\.filter: depends on chance"),
        ({"filter": "count(*) > 1"}, r"source\.filter: "),
        ({"filter": "u > 1", "select": ["user as u"]}, r"source\.filter: there is no column u"),
        ({"select": ["user", "itme"]}, r"source\.select\[1\]: there is no column itme; the nearest is item"),
        ({"select": ["user", "at )"]}, r"source\.select\[1\]: Syntax error"),
        ({"select": ["uuid() as id"]}, r"source\.select: depends on chance"),
        ({"select": ["explode(array(uuid())) as id"]}, r"source\.select: depends on chance"),
        ({"select": ["user", "current_timestamp() as at"]}, r"source\.select: depends on chance, clock"),
        ({"select": ["user", "at as USER"]}, r"source\.select: gives two columns named user"),
    ],
)
def test_what_is_wrong_is_told_by_its_key(
    spark: SparkSession, logs: Path, settings: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadInput, match=f"^{sentence}") as caught:
        read(spark, source(logs, **settings))
    assert "\n" not in str(caught.value)


@pytest.mark.spark
def test_a_filter_may_go_by_todays_date(spark: SparkSession, logs: Path) -> None:
    assert read(spark, source(logs, filter="current_date() > date'2020-01-01'", select=["user"])).count() == 6


@pytest.mark.spark
def test_a_missing_path_is_told_without_a_stack_trace(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"^source\.path: can't read .*nope/: Path does not exist") as caught:
        read(spark, source(tmp_path / "nope"))
    assert "\n" not in str(caught.value)


@pytest.mark.spark
def test_folders_that_make_no_one_table_are_told(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path / "a" / "day=1")
    write(tmp_path / "b" / "day=1")
    with pytest.raises(BadInput, match=r"^source\.path: can't read ") as caught:
        read(spark, source(f"{tmp_path}/*"))
    assert "\n" not in str(caught.value)


@pytest.mark.spark
@pytest.mark.skipif(not RETAIL.exists(), reason="needs the shared retail-demo log")
def test_the_retail_log_keeps_its_months(spark: SparkSession) -> None:
    assert read(spark, source(RETAIL)).count() == 50_000
    autumn = read(spark, source(RETAIL, filter="event_date >= '2026-10'"))
    assert {row[0] for row in autumn.select("event_date").distinct().collect()} == {"2026-10", "2026-11"}


@pytest.mark.spark
@pytest.mark.skipif(not OTTO.exists(), reason="needs the shared otto sessions")
def test_nested_sessions_become_one_row_for_each_event(spark: SparkSession) -> None:
    assert read(spark, source(OTTO, select=["explode(events) as e", "session"])).count() == 862


def test_nanoseconds_become_timestamps_before_anything_sees_them(spark: SparkSession, tmp_path: Path) -> None:
    at = pa.array([1_760_000_000_123_456_789, None], pa.timestamp("ns"))
    write(tmp_path / "logs", {"a b": at, "item": ["a", "b"]})
    rows = read(spark, source(tmp_path / "logs", filter="`a b` > '2025-01-01'"), ["a b"])
    assert dict(rows.dtypes)["a b"] == "timestamp"
    [row] = rows.selectExpr("unix_micros(`a b`) as micros").collect()
    assert row.micros == 1_760_000_000_123_456
