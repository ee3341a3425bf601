"""Dead letters as events again: the columns that staging takes, from what a run kept of each event.

The bodies were checked before they were first sent, so nothing is rejected or rewritten.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from transforms.events import SOURCE

COLUMNS = "event_id string, body string, envelope string"
"""The columns to read of the dead letters, as Spark's DDL."""


def events_again(letters: DataFrame) -> DataFrame:
    """Return each dead letter (columns `COLUMNS`) as `staging.stage` takes a checked event.

    Columns: `eventId`, `sentAt` long in seconds, `_body`, `_envelope`, `_rejected` (false), and `source`
    (null: the source's row is not known any more).
    """
    return letters.select(
        F.col("event_id").alias("eventId"),
        F.get_json_object("body", "$.sentAt").cast("long").alias("sentAt"),
        F.col("body").alias("_body"),
        F.col("envelope").alias("_envelope"),
        F.lit(False).alias("_rejected"),
        F.lit(None).cast("struct<event_id: string>").alias(SOURCE),
    )
