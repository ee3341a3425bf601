"""The expected content of an export: the source's events that the ledger or the imports have."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from bulk.comparison import Compared, compare, counted
from bulk.export_files import Columns, exported_rows
from bulk.import_record import ImportRecord, in_force
from core.urls import with_scheme
from expectations.compiler import compile_suites
from jobs.prepare.preparation import Preparation
from jobs.runs.import_folder import records
from jobs.spark.spark_failures import SparkFailure, explained
from jobs.steps.checking import sending_partitions
from jobs.steps.delivered_before import delivered_ids
from jobs.steps.imported_before import with_ids_of
from jobs.steps.ledger_window import EVER
from jobs.steps.source_reading import read_source
from jobs.verify.verified_run import VerifiedRun
from transforms import events
from transforms.bulk_rows import NO_USER, OBSTACLE, bulk_rows
from transforms.interactions_schema import InteractionsSchema


@dataclass(frozen=True, slots=True)
class Verified:
    """Distinct interactions that the service should have, by outcome; `anonymous` events can't be verified."""

    compared: Compared
    anonymous: int


def verify_rows(
    spark: SparkSession,
    preparation: Preparation,
    schema: InteractionsSchema,
    columns: Columns,
    *,
    export_url: str,
    missing_url: str,
    run: VerifiedRun | None = None,
) -> Verified:
    """Compare the export below `export_url` with the source; write what is not in it to `missing_url` as Parquet.

    `run`: only what that run sent or imported is expected in it; left out: what any run did.

    Raises:
        UsageError, InputError: as a run that reads the source.
    """
    try:
        rows = bulk_rows(_delivered(spark, preparation, run), schema, preparation.properties).cache()
        kinds = {field.name: field.type for field in schema.fields if field.name in columns.names}
        exported = exported_rows(spark, export_url, columns)
        known = rows.where(~F.col(OBSTACLE).eqNullSafe(NO_USER))
        compared = compare(known, exported, kinds).cache()
        compared.where(F.col("outcome") != "found").write.mode("overwrite").parquet(with_scheme(missing_url))
        anonymous = rows.where(F.col(OBSTACLE) == NO_USER).count()
        return Verified(counted(compared), anonymous)
    except SparkFailure as failure:
        raise explained(failure) or failure from None


def _delivered(spark: SparkSession, preparation: Preparation, run: VerifiedRun | None) -> DataFrame:
    """Return the source's valid events that the service has by our account, as they were sent."""
    source = read_source(spark, preparation, millis_as_numbers=True)
    shaped = events.shape(
        source.rows,
        preparation.settings.mapping,
        preparation.properties,
        preparation.settings.session,
        partitions=sending_partitions(spark, source.bytes),
        window=preparation.window,
    )
    rules = compile_suites(shaped, preparation.service_suite, preparation.user_suite)
    named = {"eventId": "event_id", "_envelope": "envelope", "_body": "body", "_rejected": "_rejected"}
    # Kept on disk: Spark would otherwise copy all rules into the filter, and evaluate each once for every use.
    checked = rules.check(shaped).select(*(F.col(name).alias(other) for name, other in named.items()))
    sent = checked.persist(StorageLevel.DISK_ONLY).where(~F.col("_rejected")).drop("_rejected")
    imports = imports_in_force(preparation, run)
    run_id = run.run_id if run else None
    ids = with_ids_of(imports, delivered_ids(spark, preparation, lambda: EVER, run_id), spark, preparation)
    if ids is None:
        return sent.limit(0)
    return sent.join(ids.select("event_id").distinct(), "event_id", "left_semi")


def imports_in_force(preparation: Preparation, run: VerifiedRun | None) -> list[ImportRecord]:
    """Return the imports whose rows the dataset still holds, of any run or of `run`: it wrote or imported the files.

    Raises:
        UsageError, StorageError: a record is damaged or can't be read.
    """
    found = in_force(records(preparation.run.output), preparation.settings.personalize.tracking_id)
    if run is None:
        return found
    return [each for each in found if run.run_id == each.written_by or run.import_location == each.location]
