"""Request order: which events share a request, and the position of each request in its partition's file.

A request holds up to ten events of one session in `sentAt` order. Requests of one session keep their order
too, but are spread evenly over the file among other sessions': a session of a million events neither delays
the others nor leaves the partition with one request in flight. `staging` sorts by the numbers.
"""

from __future__ import annotations

from pyspark.sql import Column, Window
from pyspark.sql import functions as F

EVENTS_PER_REQUEST = 10
"""botocore's personalize-events model, shape EventList: at most 10 events."""


def number(session: list[str]) -> dict[str, Column]:
    """Return columns that number the events of each group with equal columns `session`, by `_sent_at` and id.

    `_repeats` boolean: the row before has the same id; `_rank` long: how many ids come before, in that order;
    `_rows` long: the group's rows. All three share one sort.
    """
    in_order = Window.partitionBy(*session).orderBy("_sent_at", "_event_id")
    whole = in_order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    same_as_before = F.lag("_event_id").over(in_order) == F.col("_event_id")
    return {
        "_repeats": F.coalesce(same_as_before, F.lit(False)),
        "_rank": F.dense_rank().over(in_order) - 1,
        "_rows": F.count(F.lit(1)).over(whole),
    }


def position(lane: Column) -> Column:
    """Position a numbered event in [0, 1): request i of k is at (i + u) / k, where u is its lane's own.

    Equal for the events of one request, rising with the session's requests. u rises with the lane: events
    ordered by lane, most of whose sessions are one request, are nearly in order. k includes repeats: it
    only has to be large enough, and the exact count would cost a second pass over the session.
    """
    request = F.floor(F.col("_rank") / EVENTS_PER_REQUEST)
    requests = F.ceil(F.col("_rows") / EVENTS_PER_REQUEST)
    return (request + _unit_interval(lane)) / requests


def requests_after() -> Column:
    """Return how many requests of its session come after that of a numbered event, repeats counted in; an int."""
    request = F.floor(F.col("_rank") / EVENTS_PER_REQUEST)
    requests = F.ceil(F.col("_rows") / EVENTS_PER_REQUEST)
    return (requests - request - 1).cast("int")


def opens_request() -> Column:
    """Return whether a numbered event is the first of its request."""
    return F.col("_rank") % EVENTS_PER_REQUEST == 0


def _unit_interval(hashed: Column) -> Column:
    """Map a hash, from the lowest long to the highest, onto [0, 1) by its upper 32 bits."""
    return F.shiftright(hashed, 32) / F.lit(float(2**32)) + F.lit(0.5)
