"""The days of a run's events, which are what it needs of the ledger. Reads the time, and no other column."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from core.event_window import Window
from jobs.account.event_counts import SECONDS_OF_DAY
from jobs.steps.ledger_window import LedgerWindow

_MICROS_OF_DAY = SECONDS_OF_DAY * 1_000_000


def window_of(seconds: DataFrame, window: Window) -> LedgerWindow:
    """Return the days of the events whose times `seconds` holds, in its one column; nulls are skipped.

    `window`: that of `--since` and `--until`. Where it has both bounds nothing is read.
    """
    if window.since is not None and window.until is not None:
        first, last = window.since // _MICROS_OF_DAY, (window.until - 1) // _MICROS_OF_DAY
        return LedgerWindow.of_span(first, last)
    day = F.floor(F.col(seconds.columns[0]) / SECONDS_OF_DAY)
    found = seconds.select(day.alias("day")).distinct().where(F.col("day").isNotNull())
    return LedgerWindow.of_days(row["day"] for row in found.toLocalIterator())
