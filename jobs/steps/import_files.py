"""From the stage to the files of an import: as CSV, with their ids, under a name computed from the rows.

The same rows have the same name in every run, so what an earlier run wrote or had imported is found again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from bulk.csv_files import write_csv
from bulk.fingerprint import Fingerprint
from bulk.import_job import MIN_ROWS
from bulk.import_record import ImportRecord, State
from core.urls import with_scheme
from jobs.prepare.import_target import ImportTarget
from jobs.prepare.preparation import PreparedLoad
from jobs.runs.import_folder import ImportFolder
from jobs.spark.spark_failures import SparkFailure, explained
from jobs.steps.staged_files import StagedFile
from transforms.bulk_rows import LINE, OBSTACLE, header, staged_lines

_STAGED = f"event_id string, sent_at bigint, {LINE} string, {OBSTACLE} string"
_IDS_PARQUET = {
    # As the stage has it: all ids differ, and a higher level makes them no smaller.
    "compression": "zstd",
    "parquet.compression.codec.zstd.level": "1",
    "parquet.enable.dictionary#event_id": "false",
}


@dataclass(frozen=True, slots=True)
class Written:
    """The files of an import: `rows` that they can hold, `left_out` the others by reason.

    `record` is None where there is no row to import, or too few.
    """

    rows: int
    left_out: dict[str, int]
    record: ImportRecord | None

    @property
    def refusal(self) -> str | None:
        """Return why Personalize would not import them."""
        if not self.rows or self.record is not None:
            return None
        return (
            f"an import job needs {MIN_ROWS:,} interactions, and {self.rows:,} are left to import; PutEvents takes "
            "any number"
        )


def write_files(
    spark: SparkSession, prepared: PreparedLoad, target: ImportTarget, files: Sequence[StagedFile]
) -> Written:
    """Write the staged events of `files`, unless the same rows were written before.

    Raises:
        UsageError: Spark fails over the output, or an earlier record is damaged.
        StorageError: the output can't be read or written.
    """
    if not files:
        return Written(0, {}, None)
    staged = spark.read.schema(_STAGED).parquet(*(with_scheme(file.url) for file in files))
    try:
        return _recorded(staged_lines(staged), prepared, target)
    except SparkFailure as failure:
        raise explained(failure) or failure from None


def _recorded(lines: DataFrame, prepared: PreparedLoad, target: ImportTarget) -> Written:
    found = Fingerprint.of(lines)
    if found.rows < MIN_ROWS:
        return Written(found.rows, found.left_out, None)
    columns = header(target.schema)
    settings = prepared.settings
    name = found.name(settings.personalize.tracking_id, settings.bulk_import.mode, columns)
    folder = ImportFolder(prepared.run.output, f"backfill-{name}")
    record = folder.read()
    if record is None or not _is_whole(folder.tidied(columns), found, columns):
        _write(lines, folder, columns)
        record = folder.write(_record(prepared, target, folder, found, columns).after(record))
    return Written(found.rows, found.left_out, record)


def _write(lines: DataFrame, folder: ImportFolder, columns: str) -> None:
    kept = lines.where(F.col("obstacle").isNull())
    write_csv(kept, columns, folder.csv)
    ids = kept.select("event_id", "sent_at").write.mode("overwrite")
    ids.options(**_IDS_PARQUET).parquet(with_scheme(folder.ids))


def _record(
    prepared: PreparedLoad, target: ImportTarget, folder: ImportFolder, found: Fingerprint, columns: str
) -> ImportRecord:
    sizes = folder.tidied(columns)
    if not _is_whole(sizes, found, columns):
        raise RuntimeError(f"the files hold {sum(sizes)} bytes, and {found.bytes} of rows were to be written")
    return ImportRecord(
        name=folder.name,
        tracking_id=prepared.settings.personalize.tracking_id,
        mode=prepared.settings.bulk_import.mode,
        location=folder.location,
        rows=found.rows,
        bytes=sum(sizes),
        files=len(sizes),
        left_out=found.left_out,
        written_by=prepared.run.run_id,
        written_at=datetime.now(UTC),
        state=State.WRITTEN,
        dataset_arn=target.dataset.arn if target.dataset else None,
        role_arn=prepared.settings.bulk_import.role_arn,
    )


def _is_whole(sizes: Sequence[int], found: Fingerprint, columns: str) -> bool:
    """Return whether files of these sizes, each with its header, hold exactly the rows that were found, to the byte."""
    return sum(sizes) == found.bytes + len(sizes) * (len(columns.encode()) + 1)
