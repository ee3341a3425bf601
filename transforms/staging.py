"""Staging: each checked row gets its one outcome, and its position in the file that a partition sends.

What is staged is what is sent: the stage holds the ready JSON, so the source is never read again.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from core.urls import with_scheme
from transforms.events import SOURCE
from transforms.request_order import number, opens_request, position, requests_after
from transforms.sessions import LANE
from transforms.spark_setting import spark_setting

SEND, REJECTED, DUPLICATE, DELIVERED = OUTCOMES = ("send", "rejected", "duplicate", "delivered")
"""The values of `outcome`. A row has the first that applies of: rejected, duplicate, delivered, send."""

FIRST_OF_REQUEST = "first_of_request"
"""The column that counts requests: true in one row of each."""

REQUEST_COLUMNS = ("envelope", "body", "requests_after")
"""What only requests are made of: the stage of an import does without."""

_WRITERS = "spark.sql.maxConcurrentOutputFileWriters"
_SESSION = [LANE, "_envelope", "_state"]
_PARQUET = {
    "compression": "zstd",
    # Level 3, the default, costs three times the CPU of level 1 and makes these files no smaller.
    "parquet.compression.codec.zstd.level": "1",
    "parquet.block.size": str(32 * 1024 * 1024),
    "parquet.enable.dictionary#body": "false",  # all values differ: a dictionary is built in vain
    "parquet.enable.dictionary#event_id": "false",
}


def stage(
    checked: DataFrame,
    delivered_ids: DataFrame | None,
    *,
    id_is_mapped: bool,
    partitions: int,
    keep: Sequence[str] = (),
    keep_if_sent: Sequence[str] = (),
) -> DataFrame:
    """Give each checked event its outcome and order the partitions for sending; save it with `write`.

    `checked`: shaped events with `_rejected boolean`. `delivered_ids`: what the ledger has for this
    tracking ID, column `event_id`, each id once. `partitions`: how many partitions send.

    Columns: `outcome`; `event_id`, `envelope`, `body`, `sent_at` (seconds) and `requests_after`, how many requests of
    the session come later (null unless sent); `first_of_request` boolean, true once for each request; `_source` (null
    unless rejected); the columns `keep`; and the columns `keep_if_sent`, null unless sent.
    Sessions are whole in one partition; the rows of one request (at most 10) are next to each other.
    """
    with_outcome = checked.withColumn("_state", _state(id_is_mapped=id_is_mapped))
    if delivered_ids is not None:
        with_outcome = _marked_delivered(with_outcome, delivered_ids)
    lean = with_outcome.select(
        *_lean_columns(has_lane=LANE in checked.columns), *keep, *_if(F.col("_state") == SEND, keep_if_sent)
    )
    # If sessions were derived by gap, the rows are already gathered by lane, and Spark leaves this shuffle out.
    gathered = lean.repartition(partitions, LANE)
    numbered = gathered.withColumns(number(_SESSION))
    placed = numbered.withColumn("_position", position(F.col(LANE)))
    ordered = placed.sortWithinPartitions("_position", "_envelope", "_rank")
    return ordered.select(*_staged_columns(), *keep, *_if(_is_sent(), keep_if_sent))


def write(staged: DataFrame, folder: str) -> None:
    """Save what `stage` made as zstd Parquet: `folder/outcome=<outcome>/`, a file a partition and outcome.

    Replaces what is there. The files of all outcomes are open at once: to write them one after the other,
    Spark would sort once more, by `outcome`, and lose the order for sending. Row groups are small, because a
    sender holds one in memory.
    """
    with spark_setting(staged.sparkSession, _WRITERS, str(len(OUTCOMES))):
        writer = staged.write.mode("overwrite").partitionBy("outcome")
        writer.options(**_PARQUET).parquet(with_scheme(folder))


def _state(*, id_is_mapped: bool) -> Column:
    """Return the outcome of a row by itself or, for mapped ids, among the rows with its id."""
    rejected = F.col("_rejected")
    state = F.when(rejected, REJECTED)
    if id_is_mapped:
        state = state.when(_is_repeat(rejected), DUPLICATE)
    return state.otherwise(SEND)


def _marked_delivered(with_outcome: DataFrame, delivered_ids: DataFrame) -> DataFrame:
    """Mark what the ledger has. A join may move rows about, so it comes before sessions are gathered."""
    ids = delivered_ids.select(F.col("event_id").alias("_delivered_id"))
    met = with_outcome.join(ids, F.col("eventId") == F.col("_delivered_id"), "left")
    is_delivered = F.col("_delivered_id").isNotNull() & (F.col("_state") == SEND)
    return met.withColumn("_state", F.when(is_delivered, DELIVERED).otherwise(F.col("_state")))


def _lean_columns(*, has_lane: bool) -> list[Column]:
    """Carry each part through the shuffle only where it is needed: a source row only if it was rejected.

    Rows that are neither sent nor delivered need no session; they are spread by event id.
    """
    state = F.col("_state")
    in_session = state.isin(SEND, DELIVERED)
    envelope = F.when(in_session, F.col("_envelope"))
    lane = F.col(LANE) if has_lane else F.xxhash64(envelope, F.when(~in_session, F.col("eventId")))
    return [
        lane.alias(LANE),
        state,
        envelope.alias("_envelope"),
        F.when(state == SEND, F.col("_body")).alias("_body"),
        F.col("eventId").alias("_event_id"),
        F.col("sentAt").alias("_sent_at"),
        F.when(state == REJECTED, F.col(SOURCE)).alias(SOURCE),
    ]


def _staged_columns() -> list[Column]:
    repeats = F.col("_repeats") & F.col("_state").isin(SEND, DELIVERED)
    outcome = F.when(repeats, DUPLICATE).otherwise(F.col("_state"))
    sent = _is_sent()
    return [
        outcome.alias("outcome"),
        F.when(sent, F.col("_event_id")).alias("event_id"),
        F.when(sent, F.col("_envelope")).alias("envelope"),
        F.when(sent, F.col("_body")).alias("body"),
        F.when(sent, F.col("_sent_at")).alias("sent_at"),
        F.when(sent, requests_after()).alias("requests_after"),
        (sent & opens_request()).alias(FIRST_OF_REQUEST),
        F.col(SOURCE),
    ]


def _is_sent() -> Column:
    return ~F.col("_repeats") & (F.col("_state") == SEND)


def _if(condition: Column, names: Sequence[str]) -> list[Column]:
    return [F.when(condition, F.col(name)).alias(name) for name in names]


def _is_repeat(rejected: Column) -> Column:
    """Return for a valid row whether an earlier valid one has its mapped `eventId`; undefined for a rejected one.

    Earlier by time, then by what is sent: by the rows alone, so that another run, or another number of partitions,
    picks an equal one. One shuffle by event id; rejected rows neither win nor lose. Ids computed from the content need
    none of this: equal ids mean equal user, session and time, so they meet in the request numbering anyway.
    """
    same_id = Window.partitionBy("eventId", rejected).orderBy("sentAt", "_envelope", "_body")
    return F.row_number().over(same_id) > 1
