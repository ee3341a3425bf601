"""The content of a run's stage: its Parquet files by outcome, how many rows each holds, and which values they have.

The rows of a file are counted by its own footer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pyarrow.parquet as pq
from pyarrow.fs import FileSelector, FileType

from core.storage import explaining, open_filesystem
from delivery.receipts.segments import some_at_once

MAX_ROWS_HERE = 5_000_000
"""Rows that the driver counts: 0.1 s for a million, where a job of Spark's takes a second to begin and to compile."""

MAX_FILES_HERE = 256
"""Files that it opens for that: some seconds on S3, which a stop waits for."""

_FOOTER_READERS = 32


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One staged file: its URL, the outcome of all its rows, and how many of its rows count, from the first on.

    `requests_after`: how many requests come after the first one in its longest session; 0 where that is not known.
    """

    url: str
    outcome: str
    rows: int
    requests_after: int = 0


def staged_files(stage_url: str) -> tuple[StagedFile, ...]:
    """Return every file of the stage at `stage_url` (`outcome=<outcome>/part-*.parquet`), in the order of names.

    Raises:
        StorageError: the stage can't be listed or read.
    """
    with explaining("read", stage_url):
        filesystem, root = open_filesystem(stage_url)
        found = filesystem.get_file_info(FileSelector(root, recursive=True))
        paths = sorted(
            info.path for info in found if info.type is FileType.File and info.path.endswith(".parquet")
        )
        with ThreadPoolExecutor(_FOOTER_READERS) as readers:
            footers = list(readers.map(lambda path: pq.read_metadata(path, filesystem=filesystem), paths))
    return tuple(
        StagedFile(
            url=f"{stage_url}/{path[len(root) :].lstrip('/')}",
            outcome=_outcome(path),
            rows=footer.num_rows,
            requests_after=_max_requests_after(footer),
        )
        for path, footer in zip(paths, footers, strict=True)
    )


def are_few(files: Sequence[StagedFile]) -> bool:
    """Return whether this process counts the rows of `files` itself, sooner than Spark does."""
    return len(files) <= MAX_FILES_HERE and sum(file.rows for file in files) <= MAX_ROWS_HERE


def count_groups(
    files: Iterable[StagedFile], columns: Sequence[str], max_groups: float = math.inf
) -> Counter[tuple[Any, ...]]:
    """Return how many rows have which values of `columns`; it ends early where they are more than `max_groups`.

    It reads in this process: see `are_few`.

    Raises:
        StorageError: a file can't be read.
    """
    counts: Counter[tuple[Any, ...]] = Counter()
    for each in some_at_once(partial(_groups_of, columns, max_groups), [file.url for file in files]):
        counts.update(each)
        if len(counts) > max_groups:
            break
    return counts


def _groups_of(columns: Sequence[str], max_groups: float, url: str) -> Counter[tuple[Any, ...]]:
    counts: Counter[tuple[Any, ...]] = Counter()
    with explaining("read", url):
        filesystem, path = open_filesystem(url)
        with filesystem.open_input_file(path) as opened:
            file = pq.ParquetFile(opened, page_checksum_verification=True, pre_buffer=True)
            for number in range(file.num_row_groups):  # one at a time: memory does not grow with the file
                rows = file.read_row_group(number, list(columns), use_threads=False)
                groups = rows.group_by(list(columns), use_threads=False).aggregate([([], "count_all")])
                if groups.num_rows > max_groups:
                    groups = groups.slice(0, int(max_groups) + 1)  # as many as say that there are too many
                *keys, sizes = (groups.column(name).to_pylist() for name in (*columns, "count_all"))
                for key, size in zip(zip(*keys, strict=True), sizes, strict=True):
                    counts[key] += size
                if len(counts) > max_groups:
                    break
    return counts


def longest_first(files: Iterable[StagedFile]) -> list[StagedFile]:
    """Sort the files by their longest session: where not all are sent at once, one that takes long starts first."""
    return sorted(files, key=lambda file: -file.requests_after)


def _max_requests_after(footer: pq.FileMetaData) -> int:
    column = footer.schema.to_arrow_schema().get_field_index("requests_after")
    groups = (footer.row_group(number) for number in range(footer.num_row_groups))
    found = [group.column(column).statistics for group in groups] if column >= 0 else []
    return max((each.max for each in found if each is not None and each.has_min_max), default=0)


def rows_by_outcome(files: Iterable[StagedFile]) -> Counter[str]:
    """Return the rows of `files` by outcome."""
    counts: Counter[str] = Counter()
    for file in files:
        counts[file.outcome] += file.rows
    return counts


def first_events(files: Iterable[StagedFile], events: int) -> tuple[StagedFile, ...]:
    """Cut `files` down to `events` events in all: whole files in their order, and the beginning of one.

    The cut is one, so that one request at most is less full than it could be.
    """
    kept, left = [], events
    for file in files:
        if left <= 0:
            break
        kept.append(replace(file, rows=min(file.rows, left)))
        left -= file.rows
    return tuple(kept)


def _outcome(path: str) -> str:
    folder = path.rsplit("/", 2)[-2]
    return folder.removeprefix("outcome=")
