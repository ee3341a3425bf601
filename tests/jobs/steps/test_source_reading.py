"""A run's source as the settings describe it, where the way to read it depends on them."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from core.event_window import Window
from jobs.errors import UsageError
from jobs.prepare.preparation import PreparedLoad
from jobs.steps.source_reading import SourceRead, read_source
from jobs.steps.table_reading import read_table
from sources.tables.table_source import TableSource
from sources.used_columns import ALL
from tests.sources.lake import values, write
from transforms.mapping import MappingSettings, SourceSettings

pytestmark = pytest.mark.spark

MAPPED = {"userId": "user", "eventType": "'view'", "sentAt": "at"}
LAST = datetime(2026, 1, 31, 23, 59, 59, 999_000)  # noqa: DTZ001 - as pandas writes times


def read(spark: SparkSession, folder: Path, mapped: dict[str, str], **source: Any) -> SourceRead:  # noqa: ANN401
    mapping = MappingSettings.model_validate(MAPPED | mapped)
    settings = SimpleNamespace(source=SourceSettings(path=(str(folder),), **source), mapping=mapping)
    prepared = SimpleNamespace(settings=settings, table=None, source=None, window=Window())
    found = read_source(spark, cast("PreparedLoad", prepared))
    assert isinstance(found, SourceRead)
    return found


@pytest.mark.parametrize("condition", ["at < timestamp '2026-01-31 23:59:59.999999'", "at < '2026-02-01'"])
def test_a_filter_finer_than_milliseconds_loses_no_row(
    spark: SparkSession, tmp_path: Path, condition: str
) -> None:
    """Spark's scan takes it for one in milliseconds, and skips a row group that begins in the last of them."""
    at = pa.array([LAST], pa.timestamp("ms", "UTC"))
    write(tmp_path / "a.parquet", {"user": ["u"], "at": at})
    rows = read(spark, tmp_path, {}, filter=condition).rows
    assert values(rows, "user") == ["u"]
    reaches_the_scan = "PushedFilters: [IsNotNull(at)" in rows._jdf.queryExecution().executedPlan().toString()
    assert reaches_the_scan == ("999999" not in condition)


def test_a_text_that_other_files_change_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    """As times, dates have another text: this filter found none of them any more."""
    for name, day in (("a", date(2026, 1, 1)), ("b", LAST)):
        write(tmp_path / f"{name}.parquet", {"user": ["u"], "at": [7], "day": [day]})
    said = (
        r"^source\.filter: text is made of column day, which is date in .*a\.parquet, and timestamp without"
    )
    with pytest.raises(UsageError, match=said):
        read(spark, tmp_path, {}, filter="day in ('2026-01-01', '2026-01-02')")
    found = read(spark, tmp_path, {}, filter="date_format(day, 'yyyy-MM-dd') in ('2026-01-01', '2026-01-02')")
    assert values(found.rows, F.expr("date(day)")) == [date(2026, 1, 1)]


@pytest.mark.parametrize("dates", [[None], [date(2026, 1, 1)]])
def test_what_is_null_throughout_changes_no_text(
    spark: SparkSession, tmp_path: Path, dates: list[date | None]
) -> None:
    write(tmp_path / "a.parquet", {"user": ["u"], "at": [7], "day": pa.array(dates, pa.date32())})
    times = pa.array([LAST if dates == [None] else None], pa.timestamp("us"))
    write(tmp_path / "b.parquet", {"user": ["u"], "at": [7], "day": times})
    rows = read(spark, tmp_path, {"itemId": "day"}).rows
    assert dict(rows.dtypes)["day"] == ("timestamp_ntz" if dates == [None] else "date")


def test_a_tables_filter_finer_than_milliseconds_loses_no_row(spark: SparkSession, tmp_path: Path) -> None:
    at = pa.array([LAST, None], pa.timestamp("ms", "UTC"))
    write(tmp_path / "a.parquet", {"at": at})
    spark.sql(f"CREATE TABLE finer (at TIMESTAMP) USING parquet LOCATION '{tmp_path}'")
    try:
        settings = SourceSettings(table="finer", filter="at < timestamp '2026-01-31 23:59:59.999999'")
        source = TableSource("source.table", "finer", None)
        assert read_table(spark, source, settings, ALL).rows.count() == 1
    finally:
        spark.sql("DROP TABLE finer")
