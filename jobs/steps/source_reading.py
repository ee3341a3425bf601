"""A run's source from its settings to its rows: which files, which columns are used, what is logged of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

import core
import delivery
import sources
from core.catalyst import jvm_of
from jobs.account.summary import FilesEntry
from jobs.config.settings import Settings
from jobs.errors import UsageError
from jobs.prepare.preparation import PreparedLoad
from jobs.spark.code_shipping import ship_code
from jobs.steps.changed_texts import Texts, refusal
from jobs.steps.table_reading import TableRead, read_table
from sources.executors import reader_on
from sources.finding import SourceFiles, find_files, read_listed
from sources.layout import Layout
from sources.pruning import FolderFilter
from sources.reading import has_millis, plan_reading, read, require_openable
from sources.times.finer import compares_finer_times
from sources.used_columns import Used, used_columns
from transforms.reshaping import reshape

_LOG = logging.getLogger("put_events")
_MAX_LOGGED = 10


@dataclass(frozen=True, slots=True)
class SourceRead:
    """The source as it is read. `raw`: all rows of its files; `rows`: those that `filter` and `select` leave.

    `differences`: each column in which files differ, and how.
    """

    files: SourceFiles
    raw: DataFrame
    rows: DataFrame
    differences: tuple[str, ...]
    is_whole: bool
    """Whether `rows` are all of the files' rows, one for one."""

    @property
    def bytes(self) -> int:
        """Return the files' size."""
        return self.files.bytes

    def entry(self) -> FilesEntry:
        """Return the source's entry in `summary.json`."""
        files = self.files
        return FilesEntry(files=files.count, bytes=files.bytes, rows=files.rows, differences=self.differences)

    def require_rows(self, counted: int) -> None:
        """Compare Spark's count with the footers'.

        Raises:
            UsageError: a file holds another number of rows than its footer says.
        """
        if not self.is_whole or counted == self.files.rows:
            return
        raise UsageError(
            f"source.path: {self._damaged() or 'a file'} is damaged: the footers say {self.files.rows} rows, and Spark "
            f"reads {counted}. Write it again or leave it out of source.path."
        )

    def _damaged(self) -> str | None:
        """Count the rows of each file; return the first whose footer says another number."""
        spark = self.raw.sparkSession
        path = jvm_of(spark).org.apache.hadoop.fs.Path  # Spark writes URLs so
        found = self.raw.groupBy(F.input_file_name()).count().collect()
        counts: dict[str, int] = {row[0]: row[1] for row in found}
        for footer in self.files.footers.footers:
            if counts.get(path(footer.file.url).toUri().toString(), 0) != footer.rows:
                return footer.file.name
        return None


def read_source(
    spark: SparkSession, prepared: PreparedLoad, *, millis_as_numbers: bool = False
) -> SourceRead | TableRead:
    """Find the source's files, merge their layouts into one, and read them; or a table at its one snapshot.

    `millis_as_numbers`: see `plan_reading`.

    Raises:
        InputError: a file, a column or an expression can't be used.
    """
    settings = prepared.settings
    if prepared.table is not None:
        return read_table(spark, prepared.table, settings.source, _used(spark, settings))
    files = _found(spark, prepared)
    _require_readable_names(spark, files)
    require_openable(spark, files.footers)
    if files.footers.any_rare:
        spark.conf.set("spark.sql.parquet.enableVectorizedReader", "false")
    texts = Texts(spark, settings.source, settings.mapping, _used(spark, settings))
    layout, raw, rows = _rows(spark, files, texts, millis_as_numbers=millis_as_numbers)
    _log(files, layout.differences)
    may_be_cut = settings.source.filter and not millis_as_numbers and has_millis(files.footers)
    if may_be_cut and compares_finer_times(rows):
        layout, raw, rows = _rows(spark, files, texts, millis_as_numbers=True)
    texts.refuse_cut(layout)
    window = prepared.window
    is_whole = not settings.source.filter and not settings.source.select and window.is_unbounded
    return SourceRead(files, raw, rows, layout.differences, is_whole)


def _rows(
    spark: SparkSession, files: SourceFiles, texts: Texts, *, millis_as_numbers: bool
) -> tuple[Layout, DataFrame, DataFrame]:
    """Return the files' one layout, their rows, and those rows reshaped.

    Raises:
        UsageError: text is made of a column, and the files that are read together change it.
    """
    doubtful = set[str]()
    while True:
        layout = plan_reading(files.footers, texts.used, doubtful, millis_as_numbers=millis_as_numbers)
        raw = read(spark, layout)
        rows = reshape(raw, texts.source)
        changed = texts.changed(layout)
        if changed is None:
            return layout, raw, rows
        column = changed[1].path[0]
        if column in doubtful:
            raise refusal(changed)
        doubtful.add(column)


def _found(spark: SparkSession, prepared: PreparedLoad) -> SourceFiles:
    """Return the files with their footers; Spark evaluates a filter for it, and reads footers by the thousand."""
    if isinstance(prepared.source, SourceFiles):
        return prepared.source
    read_all = reader_on(spark, lambda: ship_code(spark.sparkContext, core, sources, delivery))
    if prepared.source is not None:
        return read_listed(prepared.source, read_all)
    source = prepared.settings.source
    folders = FolderFilter(spark, source.filter) if source.filter else None
    return find_files(source.path, folders, read_all)


def _require_readable_names(spark: SparkSession, files: SourceFiles) -> None:
    """Refuse local names that Java can't write in its locale: it would say that there is no such file."""
    encoding = jvm_of(spark).java.lang.System.getProperty("sun.jnu.encoding") or ""
    if encoding.upper().replace("-", "") == "UTF8":
        return
    for footer in files.footers.footers:
        if footer.file.url.startswith("file:") and not footer.file.path.isascii():
            raise UsageError(
                f"source file {footer.file.name}: Java can't find a name with such letters in the encoding {encoding}. "
                "Set LC_ALL=C.UTF-8 where Spark starts."
            )


def _used(spark: SparkSession, settings: Settings) -> Used:
    """Return the columns in use: with a select list those of the list, without one those of the mapping."""
    return used_columns(spark, (*_expressions(settings), *filter(None, [settings.source.filter])))


def _expressions(settings: Settings) -> Iterator[str]:
    if settings.source.select:
        yield from settings.source.select
        return
    yield from settings.mapping.expressions().values()
    yield from (each.expr for each in settings.mapping.properties.values())


def _log(files: SourceFiles, differences: tuple[str, ...]) -> None:
    if differences:
        noun = "column differs" if len(differences) == 1 else "columns differ"
        _LOG.info("%d %s between files: %s", len(differences), noun, _first(differences))
    if names := files.skipped.no_data:
        _LOG.info(
            "Files skipped as no data, by their own or a folder's name: %d (%s)", len(names), _first(names)
        )
    if names := files.skipped.uncommitted:
        _LOG.info("Files skipped of a job that failed or still writes: %d (%s)", len(names), _first(names))


def _first(texts: Iterable[str]) -> str:
    """Return the first ten different texts in their order, and how many more there are."""
    different = list(dict.fromkeys(texts))
    more = f"; and {len(different) - _MAX_LOGGED} more" if len(different) > _MAX_LOGGED else ""
    return "; ".join(different[:_MAX_LOGGED]) + more
