"""Duplicates: of the valid rows with one event id, one is sent.

Which one depends on the rows alone, so that another run, or another number of partitions, picks an equal
one. Ids computed from the content need none of this: equal ids mean equal user, session and time, so they
meet in the request numbering anyway (`request_order`).
"""

from __future__ import annotations

from pyspark.sql import Column, Window
from pyspark.sql import functions as F


def is_repeat(rejected: Column) -> Column:
    """Return for a valid row whether an earlier valid one has its mapped `eventId`; undefined for a rejected one.

    Earlier by time, then by what is sent. One shuffle by event id; rejected rows neither win nor lose.
    """
    same_id = Window.partitionBy("eventId", rejected).orderBy("sentAt", "_envelope", "_body")
    return F.row_number().over(same_id) > 1
