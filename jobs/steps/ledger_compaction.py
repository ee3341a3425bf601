"""Put a tracking ID's ledger in the order of the events' time, at the end of a run, which holds that ID's lease.

New segments become sorted files, and small sorted files are put together, so that a ledger of a billion ids stays some
thousand files. New files are whole before the first old one goes: a crash in between leaves ids twice, and loses none.
Nothing else deletes a ledger's files, so no run that sends misses one while it reads.
"""

from __future__ import annotations

import logging
import math
from collections import defaultdict
from dataclasses import replace
from functools import partial, reduce
from uuid import uuid4

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

from core.errors import StorageError
from core.storage import Folder
from delivery.receipts.ledger import LEDGER_SCHEMA, ledger_folder
from delivery.receipts.segment_reading import segment_rows
from delivery.receipts.sorted_ledger import SortedFile, write_sorted, written_names
from jobs.prepare.preparation import Prepared
from jobs.steps.delivered_before import MIN_BYTES_PER_ID, LedgerFiles, read_rows

_LOG = logging.getLogger("put_events")
_COLUMNS = "event_id string, tracking_id string, run_id string, accepted_at timestamp, sent_at timestamp"
ROWS_PER_FILE = 1_000_000
# This many small files of about one size are put together; each next size is this many times larger.
MAX_OF_A_SIZE = 8
_SIZE_STEP = 4.0
# What has no more rows is sorted by the driver in a second or less: Spark would take two to start Python for it.
MAX_ROWS_HERE = 200_000


def compact(spark: SparkSession, prepared: Prepared) -> None:
    """Sort what is new. Where that fails all stays as it was, and the next run does it."""
    output, tracking_id = prepared.run.output, prepared.settings.personalize.tracking_id
    try:
        files = LedgerFiles.find(output, tracking_id)
        small = {url: files.sorted[url] for url in too_small(files.sorted)}
        if files.segments:
            _replace(spark, ledger_folder(output, tracking_id), LedgerFiles((), files.segments, small))
    except Exception as error:  # noqa: BLE001 - for any error: what was sent must be accounted for
        _LOG.warning("the ledger was not sorted; the next run does it: %s", type(error).__name__)


def too_small(files: dict[str, SortedFile]) -> list[str]:
    """Return those that are to be put together: small ones, of a size that there are many of."""
    sizes: dict[int, list[str]] = defaultdict(list)
    for url, file in files.items():
        if file.rows <= ROWS_PER_FILE // 2:
            sizes[int(math.log(max(1, file.rows), _SIZE_STEP))].append(url)
    return [url for urls in sizes.values() if len(urls) >= MAX_OF_A_SIZE for url in urls]


def _replace(spark: SparkSession, folder: Folder, old: LedgerFiles) -> None:
    """Write the rows of the files `old` into new ones, then delete those; where that fails, the new ones."""
    written_by = uuid4().hex
    try:
        new = _write_here(folder, old, written_by) if _is_few(old) else _write(spark, folder, old, written_by)
    except Exception:
        folder.delete_files([name for name in folder.names() if _is_of(name, written_by)])
        raise
    # A task that was tried again has left its rows twice.
    twice = [name for name in folder.names() if _is_of(name, written_by) and name not in new]
    folder.delete_files([_name(url) for url in (*old.segments, *old.sorted)] + twice)


def _is_few(old: LedgerFiles) -> bool:
    """Return whether the driver can sort the rows of the files itself, into one file; overestimates their number."""
    rows = sum(old.segments.values()) / MIN_BYTES_PER_ID + sum(file.rows for file in old.sorted.values())
    return rows <= min(MAX_ROWS_HERE, ROWS_PER_FILE)


def _write_here(folder: Folder, old: LedgerFiles, written_by: str) -> set[str]:
    """Sort the rows in this process; return the name of the new file."""
    names = pa.RecordBatch.from_pydict({"name": [_name(url) for url in (*old.segments, *old.sorted)]})
    rows = pa.Table.from_batches(segment_rows(iter([names]), folder.url), LEDGER_SCHEMA)
    file = write_sorted(iter(rows.sort_by("sent_at").to_batches()), folder.url, written_by)
    return {file.name} if file else set()


def _write(spark: SparkSession, folder: Folder, old: LedgerFiles, written_by: str) -> set[str]:
    """Return the names of the new files, which have as many rows as there are."""
    # Spark looks at the rows three times: it counts them, draws a sample to cut them by, and sorts them.
    rows = _rows(spark, folder, old).persist(StorageLevel.DISK_ONLY)
    try:
        return _written(rows, folder, written_by)
    finally:
        rows.unpersist()


def _rows(spark: SparkSession, folder: Folder, old: LedgerFiles) -> DataFrame:
    """Return the rows of the files `old`, of which the segments may be many thousands."""
    names = [(_name(url),) for url in old.segments]
    segments = spark.createDataFrame(names, "name string").mapInArrow(
        partial(segment_rows, url=folder.url), _COLUMNS
    )
    return reduce(DataFrame.union, read_rows(spark, replace(old, segments={}), _COLUMNS), segments)


def _written(rows: DataFrame, folder: Folder, written_by: str) -> set[str]:
    total = rows.count()
    in_order = rows.repartitionByRange(max(1, -(-total // ROWS_PER_FILE)), "sent_at")
    writing = in_order.sortWithinPartitions("sent_at").mapInArrow(
        partial(written_names, url=folder.url, written_by=written_by), "name string"
    )
    names = {str(row["name"]) for row in writing.collect()}
    written = sum(file.rows for file in map(SortedFile.parse, names) if file)
    if written != total:
        raise StorageError(
            f"could not sort {folder.url}: {total} rows were read, and {written} written. Run the same command again."
        )
    return names


def _name(url: str) -> str:
    return url.rpartition("/")[2]


def _is_of(name: str, written_by: str) -> bool:
    """Return whether a file is of this compaction."""
    file = SortedFile.parse(name)
    return file is not None and file.written_by == written_by
