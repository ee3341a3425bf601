"""An Apache Hudi table through its own connector, as of one instant."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from core.catalyst import jvm_of
from core.errors import InputError
from core.urls import with_scheme
from sources.tables.hudi_timeline import META
from sources.tables.table_failures import opening
from sources.tables.table_source import Snapshot, TableSource
from sources.used_columns import Used

_OPTIONS = {
    # With log files, no matter what a cluster's hudi-defaults.conf says: updates and deletes are in them.
    "hoodie.datasource.query.type": "snapshot",
    "hoodie.datasource.merge.type": "payload_combine",
    # Without its index Hudi takes the newest of the files that it lists.
    "hoodie.file.index.enable": "true",
    # All files are listed when the table is opened, so that one deleted later ends the run. If they were listed as they
    # are read, a deleted file would not be missed, and Hudi would estimate the table's size as the largest number.
    "hoodie.datasource.read.file.index.listing.mode": "eager",
}
"""DataSourceReadOptions that change rows; given here, they outrank the session's."""


def read_hudi(spark: SparkSession, source: TableSource) -> tuple[DataFrame, Snapshot]:
    """Return all rows as of the instant that `source.hudi` names, with Hudi's own columns (`_hoodie_*`).

    Raises:
        InputError: the table can't be opened, or files of that state were cleaned up.
    """
    state = source.hudi
    if state is None:
        raise ValueError(f"{source} has no instant")
    with opening(source, "hudi"):
        for cleaning in state.later_cleanings:
            _require_kept(spark, source, state.instant, cleaning)
        options = {**_OPTIONS, "as.of.instant": state.instant}
        rows = spark.read.format("hudi").options(**options).load(with_scheme(source.name))
        return rows, state.snapshot


def without_meta(rows: DataFrame, used: Used) -> DataFrame:
    """Leave out Hudi's own columns (`_hoodie_*`), but for those that are used by name."""
    named = {path[0] for path in used.paths}
    return rows.drop(*(name for name in rows.columns if name.startswith(META) and name.lower() not in named))


def _require_kept(spark: SparkSession, source: TableSource, instant: str, cleaning: str) -> None:
    """Refuse a state from which a cleaning has removed files: in some cases Hudi would read what is left of it.

    A cleaning by commits records the first state that is still whole (HoodieCleanMetadata.earliestCommitToRetain); one
    by file versions doesn't, and may have removed a file of any earlier state.
    """
    deleted, kept = _cleaned(spark, cleaning)
    if deleted and (not kept or instant < kept):
        since = f"the oldest that is whole is {kept}" if kept else "which states are whole is not recorded"
        raise InputError(
            f"source.as_of: {source} can't be read as of {instant} any more: its files were cleaned up, and {since}. "
            "Take a newer one, or leave it out for the newest."
        )


def _cleaned(spark: SparkSession, cleaning: str) -> tuple[int, str]:
    """Return how many files a cleaning removed, and the first commit that it kept whole, read by Spark's own Avro."""
    jvm = jvm_of(spark)
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()  # noqa: SLF001 - PySpark has no public name
    avro = jvm.org.apache.avro
    content = avro.mapred.FsInput(jvm.org.apache.hadoop.fs.Path(cleaning), hadoop)
    reader = avro.file.DataFileReader(content, avro.generic.GenericDatumReader())
    try:
        record = reader.next()
        return int(record.get("totalFilesDeleted")), str(record.get("earliestCommitToRetain") or "")
    finally:
        reader.close()
