"""Every event to be sent is counted once by day and once by type."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from jobs.account.event_counts import MAX_TYPES, OTHER, EventCounts
from jobs.steps.counting import DAY, TYPE, count_events


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
