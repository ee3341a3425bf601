"""Every event to be sent is counted once by day and once by type."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from jobs.account.event_counts import MAX_TYPES, OTHER, EventCounts
from jobs.steps import counting
from jobs.steps.counting import DAY, TYPE, count_events, count_staged
from jobs.steps.staged_files import StagedFile


@pytest.mark.spark
def test_every_event_is_counted_once_by_day_and_once_by_type(spark: SparkSession) -> None:
    rows = [(20_000 + n % 3, f"type-{n % (MAX_TYPES + 5):02}") for n in range(200)]
    counts = count_events(spark.createDataFrame(rows, [DAY, TYPE]), len(rows))
    assert sum(counts.by_day.values()) == sum(counts.by_type.values()) == 200
    assert len(counts.by_day) == 3
    assert list(counts.by_type)[-1] == OTHER
    assert len(counts.by_type) == MAX_TYPES + 1


@pytest.mark.spark
def test_nothing_to_send_is_nothing_counted(spark: SparkSession) -> None:
    nothing = spark.createDataFrame([], f"{DAY} long, {TYPE} string")
    assert count_events(nothing, 0) == EventCounts({}, {})


def staged(folder: Path) -> list[StagedFile]:
    """Two files, with more types than are shown, many as frequent as others, and days before 1970, too."""
    types = [f"type-{n % (MAX_TYPES + 9):02}" for n in range(200)] + [
        "\ue000",
        "\U0001f600",
        "Z",
        "a",
    ] * 9
    rows = pa.table({DAY: [n % 7 - 3 for n in range(len(types))], TYPE: types, "body": types})
    files = []
    for number, part in enumerate((rows.slice(0, 90), rows.slice(90))):
        path = folder / "outcome=send" / f"part-{number}.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(part, path)
        files.append(StagedFile(str(path), "send", len(part)))
    return files


@pytest.mark.spark
@pytest.mark.parametrize(
    "sparks_turn",
    [
        ("jobs.steps.staged_files.MAX_ROWS_HERE", 235),
        ("jobs.steps.staged_files.MAX_FILES_HERE", 1),
        ("jobs.steps.counting.MAX_GROUPS", 100),
    ],
    ids=["rows", "files", "groups"],
)
def test_the_driver_counts_few_events_as_spark_counts_many(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sparks_turn: tuple[str, int]
) -> None:
    files = staged(tmp_path)
    here = count_staged(cast("SparkSession", None), files)
    monkeypatch.setattr(*sparks_turn)
    assert here == count_staged(spark, files)
    assert list(here.by_type.items()) == list(count_staged(spark, files).by_type.items())
    monkeypatch.setattr(counting, "_added_up", None)  # that is not the driver's count
    count_staged(spark, files)
    assert sum(here.by_day.values()) == sum(here.by_type.values()) == 236
    assert len(here.by_type) == MAX_TYPES + 1


def test_a_run_with_nothing_to_send_counts_nothing() -> None:
    assert count_staged(cast("SparkSession", None), []) == EventCounts({}, {})
