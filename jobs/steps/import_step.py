"""The two steps of an import in a run: the files, with Spark, and the job, without it."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import SparkSession

from jobs.prepare.preparation import Preparation
from jobs.runs.import_folder import ImportFolder
from jobs.steps.import_files import Written, write_files
from jobs.steps.importing import Imported, Importing, Interruption
from jobs.steps.staged_files import StagedFile
from jobs.stop_signals import StopSignals


def written_files(spark: SparkSession, preparation: Preparation, files: Sequence[StagedFile]) -> Written:
    """Write the files of the import that `preparation` is for.

    Raises:
        UsageError, StorageError: see `jobs.steps.import_files.write_files`.
    """
    if preparation.target is None:
        raise ValueError("this run sends")
    return write_files(spark, preparation, preparation.target, files)


def imported(preparation: Preparation, written: Written, signals: StopSignals) -> Imported | None:
    """Have the written files imported, unless only files are wanted; None if there is nothing to import.

    Raises:
        StorageError: the import's record can't be written.
    """
    target, record = preparation.target, written.record
    if target is None or record is None:
        return None
    settings = preparation.settings.bulk_import
    if settings.write_only or target.dataset is None:
        return Imported(record)
    if signals.reason is not None:
        return Imported(record, stop_reason=signals.reason)
    interruption = Interruption()
    signals.route_to(interruption.ask)
    folder = ImportFolder(preparation.run.output, record.name)
    importing = Importing(
        folder, target.dataset.arn, target.dataset.created_at, target.new_plane, interruption.pause
    )
    return importing.carry_out(record, settings.role_arn)
