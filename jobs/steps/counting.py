"""Count the events to be sent, by day and by type, from two columns of the stage."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.account.event_counts import MAX_TYPES, SECONDS_OF_DAY, EventCounts, by_calendar, with_others

TYPE = "eventType"
DAY = "_day"


def day_column() -> Column:
    """Return `DAY` of a shaped event: its `sentAt` in whole days since 1970, UTC, which packs better than seconds."""
    return F.floor(F.col("sentAt") / SECONDS_OF_DAY).alias(DAY)


def count_events(to_send: DataFrame, total: int) -> EventCounts:
    """Count `to_send` (columns `DAY` and `TYPE`, not null), of which there are `total` rows."""
    if not total:
        return EventCounts({}, {})
    days = {row[0]: row[1] for row in to_send.groupBy(DAY).count().collect()}
    most_first = to_send.groupBy(TYPE).count().orderBy(F.desc("count"), TYPE)
    types = {row[0]: row[1] for row in most_first.limit(MAX_TYPES).collect()}
    return EventCounts(by_calendar(days), with_others(types, total))
