"""The ids of earlier imports, as Spark reads them, so that PutEvents and later imports can leave them out.

The reason: an event that is in bulk data and sent as well is recognised, if at all, by equal content, as
bulk rows have no event id; the developer guide asks to "avoid importing duplicate events with PutEvents"
("Requirements for metric attributions").
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from bulk.import_jobs import ACTIVE, ImportJob
from bulk.import_record import ImportRecord, State, in_force, jobs_in_effect
from core.urls import with_scheme
from jobs.errors import UsageError
from jobs.prepare.preparation import Prepared, PreparedLoad
from jobs.runs.import_folder import ImportFolder, records

_MICROS = 1_000_000


def with_imported(delivered: DataFrame | None, spark: SparkSession, prepared: Prepared) -> DataFrame | None:
    """Add the ids (column `event_id`) of imports that this run leaves out to those `delivered`; None where none are.

    Each id is there once, if it is so in `delivered`.

    A full import leaves no import out, since it replaces them all. An incremental one goes by what the service says of
    their jobs: another program's full import may have replaced them.

    Raises:
        UsageError: an import is under way, and this run would have to know how it ends.
        StorageError: the imports' records can't be read.
    """
    return with_ids_of(_left_out(prepared), delivered, spark, prepared)


def with_ids_of(
    imports: Sequence[ImportRecord], delivered: DataFrame | None, spark: SparkSession, prepared: Prepared
) -> DataFrame | None:
    """Add the ids of these `imports`, for any `delivery.after_import`."""
    if not imports:
        return delivered
    urls = [with_scheme(ImportFolder(prepared.run.output, each.name).ids) for each in imports]
    ids = _in_window(spark.read.schema("event_id string, sent_at bigint").parquet(*urls), prepared)
    imported = ids.select("event_id")
    # One id may be in both, after delivery.after_import: send. The join that follows takes over this one's shuffle.
    return (imported if delivered is None else delivered.unionByName(imported)).distinct()


def _left_out(prepared: Prepared) -> list[ImportRecord]:
    target = prepared.target if isinstance(prepared, PreparedLoad) else None
    if target is None:
        return _left_out_of_sending(prepared)
    tracking_id = prepared.settings.personalize.tracking_id
    if prepared.settings.bulk_import.mode == "full":
        return []
    found = records(prepared.run.output)
    return (
        in_force(found, tracking_id)
        if target.jobs is None
        else left_out_of_import(found, tracking_id, target.jobs)
    )


def left_out_of_import(
    found: Sequence[ImportRecord], tracking_id: str, jobs: Sequence[ImportJob]
) -> list[ImportRecord]:
    """Return the imports among `found` that an incremental import leaves out, when the dataset's jobs are `jobs`."""
    in_effect = jobs_in_effect(found, tracking_id, jobs)
    return [each for each in found if each.name in in_effect and in_effect[each.name].status == ACTIVE]


def _left_out_of_sending(prepared: Prepared) -> list[ImportRecord]:
    if prepared.settings.delivery.after_import == "send":
        return []
    found, tracking_id = records(prepared.run.output), prepared.settings.personalize.tracking_id
    if not prepared.plan_only:
        _require_ended(found, tracking_id)
    return in_force(found, tracking_id)


def _require_ended(found: list[ImportRecord], tracking_id: str) -> None:
    under_way = [each for each in found if each.tracking_id == tracking_id and each.state is State.UNDER_WAY]
    if under_way:
        raise UsageError(
            f"the import {under_way[0].name} was begun, and its end is not recorded: what it brings would be "
            "sent, too. Run the import again, which finds its job and waits for it, or set delivery.after_import: send."
        )


def _in_window(ids: DataFrame, prepared: Prepared) -> DataFrame:
    """Leave out what is outside the run's window; a mapped id may be another event's, at another time."""
    if not isinstance(prepared, PreparedLoad) or prepared.settings.mapping.event_id is not None:
        return ids
    window = prepared.window
    if window.since is not None:
        ids = ids.where(F.col("sent_at") >= window.since // _MICROS)
    if window.until is not None:
        ids = ids.where(F.col("sent_at") <= window.until // _MICROS)
    return ids
