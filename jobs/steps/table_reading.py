"""The rows of a run's source if it is a table, at the one snapshot that is read."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession

from core.as_of import written
from jobs.account.summary import TableEntry
from sources.fractions import fractions_not_pushed_down
from sources.tables.catalog import read_catalog_table
from sources.tables.delta import read_delta
from sources.tables.hudi import read_hudi, without_meta
from sources.tables.iceberg import read_iceberg
from sources.tables.table_failures import opening
from sources.tables.table_source import Snapshot, TableSource
from sources.times.finer import compares_finer_times, times_not_pushed_down
from sources.used_columns import Used
from sources.whole_structs import structs_read_whole
from transforms.mapping import SourceSettings
from transforms.reshaping import reshape

_LOG = logging.getLogger("put_events")
_UNKNOWN_BYTES = 2**60
"""More than any table has: Spark gives the largest number for an unknown size (`spark.sql.defaultSizeInBytes`)."""


@dataclass(frozen=True, slots=True)
class TableRead:
    """A table as it is read: the rows that `filter` and `select` leave, its size, and the snapshot."""

    rows: DataFrame
    bytes: int
    snapshot: Snapshot

    def entry(self) -> TableEntry:
        """Return the source's entry in `summary.json`; `as_of` is the value for a run to read the same again."""
        found = self.snapshot
        time = None if found.time is None else written(found.time)
        return TableEntry(format=found.format, as_of=found.version, time=time, bytes=self.bytes)

    def require_rows(self, counted: int) -> None:
        """Accept any count: the content of a snapshot is up to its connector."""


def read_table(spark: SparkSession, source: TableSource, settings: SourceSettings, used: Used) -> TableRead:
    """Open the table at its one snapshot. `used`: the columns in use; of a format's own, only those are read.

    Raises:
        InputError: the table, or an expression, can't be used.
    """
    readers = {"delta": read_delta, "iceberg": read_iceberg, "hudi": read_hudi}
    if source.format is None:
        raw, snapshot = read_catalog_table(spark, source)
    else:
        raw, snapshot = readers[source.format](spark, source)
    size = _size(source, raw, snapshot)
    if source.format == "hudi":
        raw = without_meta(raw, used)
    _LOG.info("%s is read as %s", source, snapshot)
    raw = fractions_not_pushed_down(raw)
    if snapshot.format != "iceberg":  # whose own reader knows which structs there are
        raw = structs_read_whole(raw)
    rows = reshape(raw, settings)
    if settings.filter and compares_finer_times(rows):
        rows = reshape(times_not_pushed_down(raw), settings)
    return TableRead(rows, size, snapshot)


def _size(source: TableSource, raw: DataFrame, snapshot: Snapshot) -> int:
    """Return the bytes of the table's files as Spark estimates them, 0 where it knows nothing."""
    if snapshot.bytes is not None:
        return snapshot.bytes
    with opening(source, snapshot.format):
        size = int(str(raw._jdf.queryExecution().analyzed().stats().sizeInBytes()))  # noqa: SLF001 - no public name
        return size if size < _UNKNOWN_BYTES else 0
