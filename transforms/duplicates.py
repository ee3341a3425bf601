"""Duplicates: of the valid rows with one event id, one is sent.

Which one is decided by the rows alone, so that another run, or another number of partitions, picks an equal
one. Ids made from the content need nothing of this: equal ids mean equal user, session and time, so they meet
in the request numbering anyway (`request_order`).
"""

from __future__ import annotations

from pyspark.sql import Column, Window
from pyspark.sql import functions as F


def is_repeat(rejected: Column) -> Column:
    """Say of a valid row whether an earlier valid one has its mapped `eventId`; of a rejected one it says nothing.

    Earlier by time, then by what is sent. One shuffle by event id; rejected rows neither win nor lose.
    """
    same_id = Window.partitionBy("eventId", rejected).orderBy("sentAt", "_envelope", "_body")
    return F.row_number().over(same_id) > 1
