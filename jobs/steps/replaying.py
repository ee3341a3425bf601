"""From a run's dead letters to the stage of a replay, which is then sent as any other stage is.

The events passed the checks before they were first sent, so nothing is rejected or rewritten. Events accepted since,
and repeated dead letters, are left out.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from core.event_window import Window
from core.urls import with_scheme
from jobs.account.closed_account import Staged
from jobs.prepare.preparation import Prepared
from jobs.progress.run_progress import PhaseListener
from jobs.progress.spark_phases import STAGE_AGAIN, begin
from jobs.runs.run_folder import RunFolder
from jobs.spark.spark_failures import SparkFailure, explained
from jobs.steps.checking import Checked
from jobs.steps.delivered_before import delivered_ids
from jobs.steps.event_days import window_of
from jobs.steps.imported_before import with_imported
from jobs.steps.staged_files import StagedFile, rows_by_outcome, staged_files
from transforms import staging
from transforms.events import SOURCE

COLUMNS = "event_id string, body string, envelope string"
"""The columns to read of the dead letters, as Spark's DDL."""


def stage_again(spark: SparkSession, phases: PhaseListener, prepared: Prepared, first: RunFolder) -> Checked:
    """Stage the dead letters of the run `first` in the sender's order.

    Raises:
        UsageError: one of their files can't be read.
    """
    begin(phases, spark.sparkContext, STAGE_AGAIN)
    # Only the files that are counted as theirs: a note that someone left next to them is not Parquet.
    letters = spark.read.schema(COLUMNS).parquet(with_scheme(first.dead_letters), pathGlobFilter="*.parquet")
    _write_stage(spark, prepared, letters)
    files = staged_files(prepared.run.stage)
    to_send = tuple(file for file in files if file.outcome == staging.SEND)
    return Checked(_counted(files, _requests(spark, to_send)), None, to_send)


def events_again(letters: DataFrame) -> DataFrame:
    """Return each dead letter (columns `COLUMNS`) as `staging.stage` takes a checked event.

    Columns: `eventId`, `sentAt` long in seconds, `_body`, `_envelope`, `_rejected` (false), and `_source`
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


def _write_stage(spark: SparkSession, prepared: Prepared, letters: DataFrame) -> DataFrame:
    again = events_again(letters)
    staged = staging.stage(
        again,
        with_imported(_delivered(spark, prepared, again), spark, prepared),
        id_is_mapped=True,  # an id of any origin counts once, for any user and session
        partitions=spark.sparkContext.defaultParallelism,
    )
    try:
        staging.write(staged, prepared.run.stage)
    except SparkFailure as failure:
        raise explained(failure) or failure from None
    return staged


def _delivered(spark: SparkSession, prepared: Prepared, again: DataFrame) -> DataFrame | None:
    return delivered_ids(spark, prepared, lambda: window_of(again.select("sentAt"), Window()))


def _requests(spark: SparkSession, files: Iterable[StagedFile]) -> int:
    """Return the minimum number of requests for the staged events."""
    urls = [with_scheme(file.url) for file in files]
    if not urls:
        return 0
    first = staging.FIRST_OF_REQUEST
    return spark.read.schema(f"{first} boolean").parquet(*urls).where(first).count()


def _counted(files: Iterable[StagedFile], minimum_requests: int) -> Staged:
    rows = rows_by_outcome(files)
    return Staged(
        rows_read=rows.total(),
        duplicates_dropped=rows[staging.DUPLICATE],
        already_delivered=rows[staging.DELIVERED],
        to_send=rows[staging.SEND],
        minimum_requests=minimum_requests,
    )
