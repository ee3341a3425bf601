"""Count the events to be sent, by day and by type, from two columns of their staged files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from core.urls import with_scheme
from expectations.tallies import MAX_GROUPS, Groups
from jobs.account.event_counts import MAX_TYPES, SECONDS_OF_DAY, EventCounts, by_calendar, with_others
from jobs.steps.staged_files import StagedFile, are_few, count_groups

TYPE = "eventType"
DAY = "_day"


def day_column() -> Column:
    """Return `DAY` of a shaped event: its `sentAt` in whole days since 1970, UTC, which packs better than seconds."""
    return F.floor(F.col("sentAt") / SECONDS_OF_DAY).alias(DAY)


def count_staged(spark: SparkSession, files: Sequence[StagedFile]) -> EventCounts:
    """Count the events in the staged files that are to be sent."""
    total = sum(file.rows for file in files)
    if are_few(files):
        groups = count_groups(files, [DAY, TYPE], MAX_GROUPS)
        if len(groups) <= MAX_GROUPS:
            return _added_up(groups, total)
    urls = [with_scheme(file.url) for file in files]
    to_send = spark.read.schema(f"{DAY} bigint, {TYPE} string").parquet(*urls)
    return count_events(to_send, total)


def _added_up(groups: Groups, total: int) -> EventCounts:
    days: Counter[int] = Counter()
    types: Counter[str] = Counter()
    for (day, kind), rows in groups.items():
        days[day] += rows
        types[kind] += rows
    most_first = sorted(
        types.items(), key=lambda each: (-each[1], each[0].encode())
    )  # as Spark compares text
    return EventCounts(by_calendar(days), with_others(dict(most_first[:MAX_TYPES]), total))


def count_events(to_send: DataFrame, total: int) -> EventCounts:
    """Count `to_send` (columns `DAY` and `TYPE`, not null), of which there are `total` rows."""
    days = {row[0]: row[1] for row in to_send.groupBy(DAY).count().collect()}
    most_first = to_send.groupBy(TYPE).count().orderBy(F.desc("count"), TYPE)
    types = {row[0]: row[1] for row in most_first.limit(MAX_TYPES).collect()}
    return EventCounts(by_calendar(days), with_others(types, total))
