"""The expected content of an export: the source's events that the ledger or the imports have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from bulk.comparison import MISSING, OUTCOME, UNKNOWN, Compared, compare, counted
from bulk.export_files import Columns, readings, require_all_read, require_times
from bulk.import_record import ImportRecord
from core.urls import with_scheme
from expectations.compiler import compile_suites
from jobs.prepare.preparation import PreparedLoad
from jobs.spark.spark_failures import SparkFailure, explained
from jobs.steps.checking import sending_partitions
from jobs.steps.delivered_before import delivered_ids
from jobs.steps.imported_before import with_ids_of
from jobs.steps.ledger_window import EVER
from jobs.steps.source_reading import read_source
from jobs.verify.verified_run import VerifiedRun
from transforms import events
from transforms.bulk_rows import field_texts
from transforms.interactions_schema import InteractionsSchema

_EVENT_ID = "_event_id"
"""The column next to the fields, which may be called EVENT_ID: Spark ignores case."""


@dataclass(frozen=True, slots=True)
class Verified:
    """Distinct interactions that the service should have, by outcome.

    `anonymous` events can't be verified, nor can those `not_in_source`, which were delivered and are not in the source.
    """

    compared: Compared
    anonymous: int
    not_in_source: int


def verify_rows(
    spark: SparkSession,
    prepared: PreparedLoad,
    schema: InteractionsSchema,
    columns: Columns,
    *,
    export_url: str,
    missing_url: str,
    imports: Sequence[ImportRecord],
    run: VerifiedRun | None,
) -> Verified:
    """Compare the export below `export_url` with the source; write what is not in it to `missing_url` as Parquet.

    What `imports` have is expected in it, and what `run` sent; None: what any run did.

    Raises:
        UnknownFormatError: the export lacks something, and has rows in another form.
        UsageError, InputError: as a run that reads the source.
    """
    try:
        ids = _delivered_ids(spark, prepared, imports, run)
        if ids is None:
            return Verified(Compared(0, 0, 0), 0, 0)
        delivered = ids.withColumnRenamed("event_id", _EVENT_ID)
        rows = _valid_rows(spark, prepared, schema).join(delivered, _EVENT_ID, "left_semi").cache()
        read = readings(spark, export_url, columns)
        compared = _compared(rows, read, prepared, schema, columns).cache()
        outcomes = counted(compared)
        if outcomes.missing:
            require_times(read)
            require_all_read(export_url)
        missing = compared.where(F.col(OUTCOME).isin(MISSING, UNKNOWN))
        if "outcome" not in map(str.lower, missing.columns):
            missing = missing.withColumnRenamed(OUTCOME, "outcome")
        missing.write.mode("overwrite").parquet(with_scheme(missing_url))
        anonymous = _events_in(rows.where(F.col("USER_ID").isNull()))
        not_in_source = ids.count() - _events_in(rows)
        return Verified(outcomes, anonymous, not_in_source)
    except SparkFailure as failure:
        raise explained(failure) or failure from None


def _compared(
    rows: DataFrame,
    read: Sequence[DataFrame],
    prepared: PreparedLoad,
    schema: InteractionsSchema,
    columns: Columns,
) -> DataFrame:
    """Return the outcome of each distinct interaction.

    Rows of one mapped id may differ, and a run sends one of them; equal ids made from the content mean equal rows.
    """
    kinds = {field.name: field.type for field in schema.fields if field.name in columns.names}
    event_id = None if prepared.settings.mapping.event_id is None else _EVENT_ID
    return compare(rows, reduce(DataFrame.unionByName, read), kinds, event_id)


def _events_in(rows: DataFrame) -> int:
    return rows.select(_EVENT_ID).distinct().count()


def _valid_rows(spark: SparkSession, prepared: PreparedLoad, schema: InteractionsSchema) -> DataFrame:
    """Return the source's valid events as rows of the dataset: `_EVENT_ID`, and a text for each field of `schema`."""
    source = read_source(spark, prepared, millis_as_numbers=True)
    shaped = events.shape(
        source.rows,
        prepared.settings.mapping,
        prepared.properties,
        prepared.settings.session,
        partitions=sending_partitions(spark, source.bytes),
        window=prepared.window,
        value_type=prepared.value_type,
    )
    rules = compile_suites(shaped, prepared.service_suite, prepared.user_suite)
    texts = field_texts(schema, prepared.properties)
    # Kept on disk: Spark would otherwise copy all rules into the filter, and evaluate each once for every use.
    checked = rules.check(shaped).select(
        F.col("eventId").alias(_EVENT_ID), F.col("_rejected"), *(texts[name].alias(name) for name in texts)
    )
    return checked.persist(StorageLevel.DISK_ONLY).where(~F.col("_rejected")).drop("_rejected")


def _delivered_ids(
    spark: SparkSession, prepared: PreparedLoad, imports: Sequence[ImportRecord], run: VerifiedRun | None
) -> DataFrame | None:
    """Return the ids of the events that the service has by our account, each once; None where it has none."""
    sent = delivered_ids(spark, prepared, lambda: EVER, run.run_id if run else None)
    return with_ids_of(imports, sent, spark, prepared)
