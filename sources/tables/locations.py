"""The location of a catalog's table of plain files, which must not be within a folder of Delta Lake, Iceberg or Hudi.

A crawler that knows no such format registers its folder as Parquet.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from pyarrow import fs as pafs

from core.errors import StorageError
from core.storage import open_filesystem
from sources.tables.formats import refuse_tables_above, unlisted
from sources.tables.table_source import TableSource

_MAX_ELSEWHERE = 100
"""Partitions may each be somewhere else, and each folder takes three requests."""


def refuse_table_at(source: TableSource, location: str) -> None:
    """Refuse a table of plain files whose folder is that of another table, or within it, on S3 or a local disk.

    A catalog may name no location.

    Raises:
        InputError: it is one, or can't be looked into; the text names the folder and the format.
    """
    _refuse_at(source, [location.rstrip("/")] if location else [], must_list=True)


def refuse_tables_elsewhere(source: TableSource, location: str, partitions: Sequence[str]) -> None:
    """Refuse partitions outside of their table's location that are within another table.

    Only the first hundred of these folders, and the folders above them, are checked.

    Raises:
        InputError: see `refuse_table_at`.
    """
    outside = [each for each in partitions if not f"{each}/".startswith(f"{location.rstrip('/')}/")]
    above = dict.fromkeys(each.rstrip("/").rpartition("/")[0] for each in outside)
    _refuse_at(source, [*list(above)[:_MAX_ELSEWHERE], *outside[:_MAX_ELSEWHERE]])


def _refuse_at(source: TableSource, urls: Iterable[str], *, must_list: bool = False) -> None:
    folders: dict[bool, list[str]] = {}
    filesystems: dict[bool, pafs.FileSystem] = {}
    for url in urls:
        try:
            filesystem, folder = open_filesystem(url)
        except StorageError:  # HDFS, and what else Spark reads
            continue
        is_local = isinstance(filesystem, pafs.LocalFileSystem)
        filesystems[is_local] = filesystem
        folders.setdefault(is_local, []).extend([folder, *([os.path.realpath(folder)] if is_local else [])])
    try:
        for is_local, found in folders.items():
            first = found[0] if must_list else None
            refuse_tables_above(str(source), filesystems[is_local], found, set(), must_list=first)
    except OSError as error:
        raise unlisted(str(source), error) from None
