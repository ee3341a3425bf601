"""A Delta Lake table through its own connector, at one version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession

from core.as_of import last_by, written
from core.errors import InputError
from core.urls import with_scheme
from sources.tables.table_failures import opening
from sources.tables.table_source import Snapshot, TableSource

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_delta(spark: SparkSession, source: TableSource) -> tuple[DataFrame, Snapshot]:
    """Settle the version to read, and return all its rows.

    Raises:
        InputError: the table or that version of it can't be opened.
    """
    # With columns mapped by id, Delta Lake reads Parquet by field id, and asks for both (DeltaParquetFileFormat).
    for what in ("read", "write"):
        spark.conf.set(f"spark.sql.parquet.fieldId.{what}.enabled", "true")
    with opening(source, "delta"):
        snapshot = _snapshot(spark, source)
        return _at(spark, source, snapshot.version), snapshot


def _at(spark: SparkSession, source: TableSource, version: int | None) -> DataFrame:
    if not _is_path(source):
        return spark.sql(f"SELECT * FROM {source.name} VERSION AS OF {version}")  # noqa: S608 - the user's own table
    return spark.read.format("delta").option("versionAsOf", str(version)).load(with_scheme(source.name))


def _snapshot(spark: SparkSession, source: TableSource) -> Snapshot:
    commits = _commits(spark, source, limit=1 if source.as_of is None else None)
    if not commits:
        raise InputError(f"{source}: the log of this Delta Lake table holds no commit. Restore it.")
    times = dict(commits)
    newest = max(times)
    wanted = newest if source.as_of is None else source.as_of
    if isinstance(wanted, datetime):
        wanted = _by_time(source, commits, wanted)
    if wanted > newest:
        raise InputError(
            f"source.as_of: {source} has no version {wanted}: the newest is {newest} "
            f"of {written(times[newest])}. Take that or an older one."
        )
    return Snapshot("delta", wanted, times.get(wanted))


def _by_time(source: TableSource, commits: list[tuple[int, datetime]], instant: datetime) -> int:
    found = last_by(((time, version) for version, time in commits), instant)
    if found is None:
        raise InputError(
            f"source.as_of: {source} has no version as old as {written(instant)}: the oldest that is left in its log "
            f"is of {written(commits[0][1])}. Take a later time."
        )
    return found


def _commits(spark: SparkSession, source: TableSource, limit: int | None) -> list[tuple[int, datetime]]:
    """Return the versions in the table's log with their times, oldest first."""
    name = f"delta.`{with_scheme(source.name).replace('`', '``')}`" if _is_path(source) else source.name
    history = spark.sql(f"DESCRIBE HISTORY {name}" + (f" LIMIT {limit}" if limit else ""))
    # As a number: PySpark gives times in the zone of the machine.
    found = history.selectExpr("version", "unix_micros(timestamp) as micros").collect()
    return sorted((row["version"], _EPOCH + timedelta(microseconds=row["micros"])) for row in found)


def _is_path(source: TableSource) -> bool:
    return source.key == "source.path"
