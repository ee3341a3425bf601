"""The days of a run's events: from the window where it has both bounds, else from the times themselves."""

from __future__ import annotations

from typing import cast

import pytest
from pyspark.sql import DataFrame, SparkSession

from core.event_window import Window
from jobs.account.event_counts import SECONDS_OF_DAY
from jobs.steps.event_days import window_of
from jobs.steps.ledger_window import LedgerWindow
from transforms.events import times
from transforms.mapping import MappingSettings

DAY = SECONDS_OF_DAY
MAPPING = {
    "userId": "user",
    "eventType": "'click'",
    "itemId": "item",
    "sentAt": {"expr": "at", "unit": "seconds"},
}


def test_a_window_with_both_bounds_is_known_without_a_look_at_the_events() -> None:
    window = Window.parse("2026-01-02", "2026-01-03T00:00:01Z")
    first = 20_455  # 2026-01-02
    assert window_of(cast("DataFrame", None), window) == LedgerWindow.of_span(first, first + 1)
    assert window_of(cast("DataFrame", None), Window.parse("2026-01-02", "2026-01-03")).spans == (
        (first * DAY, (first + 1) * DAY - 1),
    )


@pytest.mark.spark
def test_the_days_of_the_events_in_the_window_and_no_others(spark: SparkSession) -> None:
    seconds = [10 * DAY, 10 * DAY + 5, 12 * DAY - 1, 40 * DAY, None]
    rows = spark.createDataFrame([(at, "u", "i") for at in seconds], "at long, user string, item string")
    mapping = MappingSettings.model_validate(MAPPING)
    window = Window(until=30 * DAY * 1_000_000)
    assert window_of(times(rows, mapping, window), window) == LedgerWindow.of_days([10, 11])
    assert window_of(times(rows, mapping, Window()), Window()) == LedgerWindow.of_days([10, 11, 40])
