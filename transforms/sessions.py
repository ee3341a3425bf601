"""Sessions for a source that has none: by gaps in a user's events, or one for each user.

A derived session is the same for the same rows however they are partitioned, and never enters an event id.
A row without a user gets no session, and is rejected for it. A row whose time can't be read still gets one:
it is rejected for its time. No session is ever collected: Spark's windows spill.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from transforms.event_id import digest
from transforms.mapping import SessionSettings
from transforms.timestamps import to_seconds

LANE = "_lane"
"""A long: rows with equal lanes are in one partition. Its spread bits make a quick first sort key."""

_MICROS_PER_MINUTE = 60_000_000


def derive(events: DataFrame, rule: SessionSettings, partitions: int) -> DataFrame:
    """Add `sessionId` from `userId` and `_at_micros`: 32 hex digits, by gap also "-" and a start second.

    By gap, the rows are gathered by user in `partitions` partitions (a fixed number: adaptive execution
    merges none of them) and `_lane` is added; per user nothing moves.
    """
    if rule.per_user:
        return events.withColumn("sessionId", _session_id(F.lit(None).cast("long")))
    gathered = events.withColumn(LANE, _user_lane()).repartition(partitions, LANE)
    by_time = Window.partitionBy(LANE, "userId").orderBy("_at_micros")
    before = F.lag("_at_micros").over(by_time)
    starts = gathered.withColumn("_start", _start(before, rule.gap_minutes * _MICROS_PER_MINUTE))
    so_far = by_time.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    started = starts.withColumn("_start", F.max("_start").over(so_far))
    return started.withColumn("sessionId", _session_id(to_seconds(F.col("_start")))).drop("_start")


def _user_lane() -> Column:
    """Spread users by hash, and rows without a user by time: there may be many, and they share nothing."""
    return F.xxhash64("userId", F.when(F.col("userId").isNull(), F.col("_at_micros")))


def _start(before: Column, gap_micros: int) -> Column:
    """Return the event's own time if it opens a session, else null."""
    at = F.col("_at_micros")
    return F.when(before.isNull() | (at - before > F.lit(gap_micros)), at)


def _session_id(start_second: Column) -> Column:
    named = F.concat_ws("-", digest(F.col("userId")), start_second.cast("string"))
    return F.when(F.col("userId").isNotNull(), named)
