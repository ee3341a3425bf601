"""What the ledger says was accepted before, as Spark reads it: while other runs write and merge their own segments.

A tracking ID has one run at a time, so what goes while we read is another's and may be missed; but workers that
outlived their driver may still merge ours. Then the stage is made anew. Nothing here decides what becomes of an event.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from core.urls import with_scheme
from delivery.receipts.ledger import MergeWatch
from jobs.prepare.preparation import Prepared

_LOG = logging.getLogger("put_events")


def delivered_ids(spark: SparkSession, preparation: Prepared) -> DataFrame | None:
    """Return the ids that this tracking ID accepted in any run; None if there is no ledger yet.

    Files that go before they are read are passed over: to be used within `beside_merges`.
    """
    if not preparation.run.ledger_folder().names():
        return None
    reader = spark.read.schema("event_id string, tracking_id string").option("ignoreMissingFiles", "true")
    ledger = reader.parquet(with_scheme(preparation.run.ledger))
    tracking_id = preparation.settings.personalize.tracking_id
    return ledger.where(F.col("tracking_id") == tracking_id).select("event_id")


def knows_nothing(spark: SparkSession, preparation: Prepared) -> bool:
    """Return whether no run of this output has delivered anything to this tracking ID."""
    delivered = delivered_ids(spark, preparation)
    return delivered is None or delivered.isEmpty()


def beside_merges(preparation: Prepared, write_stage: Callable[[], DataFrame]) -> DataFrame:
    """Return what `write_stage` made; it is called again where it may have missed ids of this tracking ID.

    Only a dead run's last workers can cause that, and each of them merges once. A plan may run beside a run that
    sends, and foretells from what it saw.
    """
    while True:
        watch = MergeWatch(preparation.run.output, preparation.settings.personalize.tracking_id)
        staged = write_stage()
        if preparation.plan_only or not watch.has_seen_one():
            return staged
        _LOG.info("the ledger was tidied up by an earlier run's last workers meanwhile: staging once more")
