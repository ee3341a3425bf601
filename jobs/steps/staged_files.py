"""What lies in a run's stage: its Parquet files by outcome, and how many rows each holds.

Counts come from the files' own footers. Reads no row and writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pyarrow.parquet as pq
from pyarrow.fs import FileSelector, FileType

from core.storage import open_filesystem

_FOOTER_READERS = 32


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One staged file: its URL, the outcome of all its rows, and how many of its rows count, from the first on."""

    url: str
    outcome: str
    rows: int


def staged_files(stage_url: str) -> tuple[StagedFile, ...]:
    """Every file of the stage at `stage_url`, laid out as `outcome=<outcome>/part-*.parquet`, in the order of names."""
    filesystem, root = open_filesystem(stage_url)
    found = filesystem.get_file_info(FileSelector(root, recursive=True))
    paths = sorted(
        info.path for info in found if info.type is FileType.File and info.path.endswith(".parquet")
    )
    with ThreadPoolExecutor(_FOOTER_READERS) as readers:
        rows = list(readers.map(lambda path: pq.read_metadata(path, filesystem=filesystem).num_rows, paths))
    return tuple(
        StagedFile(url=f"{stage_url}/{path[len(root) :].lstrip('/')}", outcome=_outcome(path), rows=count)
        for path, count in zip(paths, rows, strict=True)
    )


def rows_by_outcome(files: Iterable[StagedFile]) -> Counter[str]:
    """Rows by outcome over `files`."""
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
