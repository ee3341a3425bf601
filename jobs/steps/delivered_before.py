"""The ids that were accepted before, which Spark reads from the ledger files that may have the run's own events.

An event's id comes again with the event's own time, so ids of other times are not read: a run costs what its
own days hold, however long the history is. Sorted files say in their names what they hold; segments, which runs that
did not end in order leave behind, and what earlier versions wrote are read whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import reduce

from pyspark.sql import Column, DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F

from core.errors import StorageError
from core.storage import Folder, join
from core.urls import with_scheme
from delivery.receipts.ledger import ledger_folder, whole_ledger
from delivery.receipts.sorted_ledger import SortedFile
from jobs.prepare.preparation import Prepared
from jobs.spark.spark_failures import damaged_ledger_file
from jobs.steps.ledger_window import LedgerWindow

# Up to this many ids, of some hundred bytes each in the join, go to every executor; more are sorted with the events.
_MAX_BROADCAST_IDS = 1_500_000
_SEGMENTS = "part-*.parquet"
# A segment of some seconds has no fewer bytes for each id: the count that follows is too high rather than too low.
MIN_BYTES_PER_ID = 20


@dataclass(frozen=True, slots=True)
class LedgerFiles:
    """The files of one tracking ID's ledger: of earlier versions, unsorted segments with their sizes, and sorted."""

    old: tuple[str, ...]
    segments: dict[str, int]
    sorted: dict[str, SortedFile]

    @classmethod
    def find(cls, output: str, tracking_id: str) -> LedgerFiles:
        """List them.

        Raises:
            StorageError: the ledger's folder can't be listed, or a file in it is empty, which Spark would pass over.
        """
        folder, whole = ledger_folder(output, tracking_id), whole_ledger(output)
        sizes, old = _sizes_of_whole_files(folder), _sizes_of_whole_files(whole)
        named = {join(folder.url, name): SortedFile.parse(name) for name in sizes}
        return cls(
            old=tuple(join(whole.url, name) for name in old if name.endswith(".parquet")),
            segments={
                join(folder.url, name): size for name, size in sizes.items() if fnmatchcase(name, _SEGMENTS)
            },
            sorted={url: file for url, file in named.items() if file is not None},
        )

    def __bool__(self) -> bool:
        return bool(self.old or self.segments or self.sorted)

    def within(self, window: LedgerWindow) -> LedgerFiles:
        """Leave out the files that hold nothing of the window."""
        kept = {url: file for url, file in self.sorted.items() if window.overlaps(file.first, file.last)}
        return LedgerFiles(self.old, self.segments, kept)

    def ids_within(self, window: LedgerWindow) -> float:
        """Return about how many ids are in the window, too many rather than too few; infinity if that is unknown."""
        if self.old:
            return float("inf")
        unsorted = sum(self.segments.values()) / MIN_BYTES_PER_ID
        return unsorted + sum(
            file.rows * window.share(file.first, file.last) for file in self.sorted.values()
        )


def _sizes_of_whole_files(folder: Folder) -> dict[str, int]:
    sizes = folder.sizes()
    for name, size in sizes.items():
        if not size and name.endswith(".parquet"):
            raise StorageError(damaged_ledger_file(join(folder.url, name)))
    return sizes


def delivered_ids(
    spark: SparkSession,
    prepared: Prepared,
    find_window: Callable[[], LedgerWindow],
    run_id: str | None = None,
) -> DataFrame | None:
    """Return the distinct ids that this tracking ID accepted; None where the ledger has none of that time.

    `find_window` is asked for the times of the run's events only where something can be left out for them. `run_id`:
    only what that run's requests brought; left out: any run's.
    """
    files = LedgerFiles.find(prepared.run.output, prepared.settings.personalize.tracking_id)
    if not files:
        return None
    if not files.sorted:
        return _distinct(spark, files, prepared, None, run_id)
    window = find_window()
    near = files.within(window)
    if not near:
        return None
    ids = _distinct(spark, near, prepared, window, run_id)
    return F.broadcast(ids) if near.ids_within(window) <= _MAX_BROADCAST_IDS else ids


def knows_nothing(spark: SparkSession, prepared: Prepared) -> bool:
    """Return whether no run of this output has delivered anything to this tracking ID."""
    files = LedgerFiles.find(prepared.run.output, prepared.settings.personalize.tracking_id)
    if files.segments or files.sorted:
        return False
    return not files.old or _of_old(spark, files, prepared).isEmpty()


def _of_old(spark: SparkSession, files: LedgerFiles, prepared: Prepared) -> DataFrame:
    columns = "event_id string, tracking_id string, run_id string"
    old = spark.read.schema(columns).parquet(*map(with_scheme, files.old))
    return old.where(F.col("tracking_id") == prepared.settings.personalize.tracking_id)


def _distinct(
    spark: SparkSession,
    files: LedgerFiles,
    prepared: Prepared,
    window: LedgerWindow | None,
    run_id: str | None,
) -> DataFrame:
    # A plan may read while a run that sends sorts the ledger, and so deletes files: it goes by those that are left.
    columns = "event_id string, sent_at timestamp, run_id string"
    parts = read_rows(spark, files, columns, missing_ok=prepared.plan_only)
    if window:
        parts = [part.where(_is_within(window)) for part in parts]
    if files.old:
        parts.append(_of_old(spark, files, prepared))
    if run_id is not None:
        parts = [part.where(F.col("run_id") == run_id) for part in parts]
    return reduce(DataFrame.union, (part.select("event_id") for part in parts)).distinct()


def read_rows(
    spark: SparkSession, files: LedgerFiles, columns: str, *, missing_ok: bool = False
) -> list[DataFrame]:
    """Return the rows of the segments and of the sorted files, as far as there are any; `columns` is Spark's DDL.

    After a run that was killed segments may be many thousands: Spark lists them itself. `missing_ok`:
    pass over files that go before they are read.
    """
    parts = []

    def reader() -> DataFrameReader:  # one for each: it keeps the options that it was given
        return spark.read.schema(columns).option("ignoreMissingFiles", str(missing_ok).lower())

    if files.segments:
        folder = next(iter(files.segments)).rpartition("/")[0]
        parts.append(reader().parquet(with_scheme(folder), pathGlobFilter=_SEGMENTS))
    if files.sorted:
        parts.append(reader().parquet(*map(with_scheme, files.sorted)))
    return parts


def _is_within(window: LedgerWindow) -> Column:
    """Return a predicate that Parquet's statistics answer for whole groups of rows."""
    condition = F.lit(False)
    for first, last in window.spans:
        begin, end = (F.timestamp_seconds(F.lit(second)) for second in (first, last + 1))
        condition = condition | ((F.col("sent_at") >= begin) & (F.col("sent_at") < end))
    return condition
