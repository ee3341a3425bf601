"""`source.filter` and `source.select` over the raw columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from core.errors import InputError
from tests.sources.lake import frame, write
from transforms.mapping import SourceSettings
from transforms.reshaping import reshape

RETAIL = Path(__file__).parents[3] / "shared/data/retail-demo/interactions"
OTTO = Path(__file__).parents[3] / "shared/data/otto/sessions.parquet"

COLUMNS = {"user": [1, 2], "item": ["a", "b"], "at": [10, 20]}


def read(spark: SparkSession, settings: SourceSettings) -> DataFrame:
    return reshape(frame(spark, *settings.path), settings)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    for day in ("2026-01", "2026-02", "2026-03"):
        write(tmp_path / "logs" / f"day={day}" / "a.parquet", COLUMNS)
    (tmp_path / "logs" / "_SUCCESS").write_text("done")
    return tmp_path / "logs"


def source(path: object, **more: object) -> SourceSettings:
    paths = [str(each) for each in path] if isinstance(path, list) else str(path)
    return SourceSettings.model_validate({"path": paths, **more})


def physical_plan(rows: DataFrame) -> str:
    return str(rows._jdf.queryExecution().executedPlan().toString())


@pytest.mark.spark
@pytest.mark.parametrize("unfinished", ["item = 'a' and", "item = 'a' or\n", "user in (1) not"])
def test_an_unfinished_filter_is_refused(spark: SparkSession, logs: Path, unfinished: str) -> None:
    """Spark takes the last word for a name, and would leave out rows, or keep them, without a word."""
    with pytest.raises(InputError, match=r"source\.filter: Spark takes its last word"):
        read(spark, source(logs, filter=unfinished))


@pytest.mark.spark
def test_several_folders_are_put_together_column_by_name(spark: SparkSession, logs: Path) -> None:
    write(logs.parent / "more" / "day=2025-12" / "a.parquet", {"at": [5], "user": [3], "item": ["c"]})
    both = read(spark, source([logs, logs.parent / "more"], filter="day = '2025-12'"))
    assert [tuple(row) for row in both.collect()] == [(3, "c", 5, "2025-12")]


@pytest.mark.spark
def test_the_filter_reaches_the_scan_and_select_prunes_it(spark: SparkSession, logs: Path) -> None:
    rows = read(spark, source(logs, filter="day >= '2026-02' and at > 10", select=["user as u", "at"]))
    plan = physical_plan(rows)
    assert "PartitionFilters: [isnotnull(day" in plan
    assert "GreaterThan(at,10)" in plan
    assert "ReadSchema: struct<user:bigint,at:bigint>" in plan
    assert sorted(tuple(row) for row in rows.collect()) == [(2, 20), (2, 20)]


@pytest.mark.spark
def test_select_may_explode_and_the_filter_sees_the_raw_columns(spark: SparkSession, tmp_path: Path) -> None:
    events = pa.array([[{"aid": 1}, {"aid": 2}], [{"aid": 3}]], pa.list_(pa.struct([("aid", pa.int64())])))
    write(tmp_path / "x" / "a.parquet", {"session": [1, 2], "events": events})
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
def test_what_is_wrong_is_named_by_its_key(
    spark: SparkSession, logs: Path, settings: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError, match=f"^{sentence}") as caught:
        read(spark, source(logs, **settings))
    assert "\n" not in str(caught.value)


@pytest.mark.spark
def test_a_filter_may_go_by_todays_date(spark: SparkSession, logs: Path) -> None:
    assert read(spark, source(logs, filter="current_date() > date'2020-01-01'", select=["user"])).count() == 6


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
