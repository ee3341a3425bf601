"""Read thousands of footers on Spark's executors: the driver's one interpreter would take minutes for them.

A file's result is three numbers; a layout's own bytes come once from each task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from pyspark.sql import SparkSession

from core.errors import InputError, PassingError, is_passing
from core.storage import open_filesystem
from sources.listing import SourceFile
from sources.parquet.footer_reading import Footer, read_footer
from sources.parquet.footers import ReadAll, read_here

MAX_HERE = 2_000
"""The driver itself reads up to this many footers: that takes two seconds, and starting a Spark job takes one."""

_FILES_IN_TASK = 500
_THREADS = 32


class _Found(NamedTuple):
    """The result of a task: each file's rows, layout and encoding, and each layout once; or why it can't go on.

    `may_pass`: the `problem` is transient.
    """

    footers: list[tuple[int, int, bool]]
    layouts: list[tuple[str, bytes]]
    problem: str | None = None
    may_pass: bool = False


def reader_on(spark: SparkSession, ship: Callable[[], None]) -> ReadAll:
    """Return a function that reads many footers on the executors of `spark`, and few here.

    `ship` lets the executors import `core` and `sources`; it is called if needed.
    """

    def read_all(files: Sequence[SourceFile]) -> Iterator[Footer]:
        if len(files) <= MAX_HERE:
            return read_here(files)
        ship()
        return _read_there(spark, files)

    return read_all


def _read_there(spark: SparkSession, files: Sequence[SourceFile]) -> Iterator[Footer]:
    starts = range(0, len(files), _FILES_IN_TASK)
    tasks = [[file.name for file in files[start : start + _FILES_IN_TASK]] for start in starts]
    names = spark.sparkContext.parallelize(tasks, len(tasks))
    for task in names.map(_read_task).collect():
        for rows, layout, is_rare in task.footers:
            yield Footer(rows, task.layouts[layout][0], is_rare, task.layouts[layout][1])
        if task.problem:
            raise InputError(task.problem) from (PassingError() if task.may_pass else None)


def _read_task(names: Sequence[str]) -> _Found:
    numbers: dict[str, int] = {}
    layouts: list[tuple[str, bytes]] = []
    footers: list[tuple[int, int, bool]] = []
    try:
        with ThreadPoolExecutor(_THREADS) as pool:
            for footer in pool.map(_read_name, names):
                if footer.layout not in numbers:
                    numbers[footer.layout] = len(layouts)
                    layouts.append((footer.layout, footer.content))
                footers.append((footer.rows, numbers[footer.layout], footer.is_rare))
    except InputError as error:
        return _Found(footers, layouts, str(error), is_passing(error))
    return _Found(footers, layouts)


def _read_name(name: str) -> Footer:
    return read_footer(name, *open_filesystem(name))
