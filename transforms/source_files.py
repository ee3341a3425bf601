"""The source's files, looked at before Spark starts: that they are there, whole, Parquet, and of one layout.

It lists them as Spark will and reads their footers, no row. Spark takes the columns of one file for all and
skips what it can't place without a word; here that is an error which names the file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa
from pyarrow import fs as pafs
from pyarrow import parquet as pq

from transforms.errors import BadInput
from transforms.globs import is_glob, matcher

OpenFilesystem = Callable[[str], tuple[pafs.FileSystem, str]]
"""Gives the file system of a URL, and the URL's path within it."""

NANOSECONDS = "timestamp in nanoseconds"
_FOOTER_THREADS = 64  # footers are small and far away: the wait is for the network


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """What the footers tell: files, bytes, rows, and the type of each column (of its leaves, if nested).

    `first` is the first file's name, as a path that can be opened.
    """

    count: int
    bytes: int
    rows: int
    columns: dict[str, str]
    first: str

    @property
    def nanosecond_columns(self) -> tuple[str, ...]:
        """The columns that hold timestamps in nanoseconds, as pandas writes them; Spark knows no such type."""
        return tuple(name for name, kind in self.columns.items() if kind == NANOSECONDS)


@dataclass(frozen=True, slots=True)
class _File:
    name: str  # as a person would write it
    size: int
    path: str
    filesystem: pafs.FileSystem


@dataclass(frozen=True, slots=True)
class _Footer:
    file: _File
    rows: int
    columns: dict[str, str]


def check_files(paths: Sequence[str], open_filesystem: OpenFilesystem) -> SourceFiles:
    """Find the Parquet files of `source.path`, read every footer, and see that all agree.

    Raises `BadInput` that names the file: for a path that is missing or holds no Parquet file, a file that is
    not Parquet or cut off, lies in two of the paths or where Spark would pass over it, or holds nanoseconds
    within a nested column, and for two files whose columns differ in name or type.
    """
    files = [file for path in paths for file in _listed(path, open_filesystem)]
    _check_once(files)
    with ThreadPoolExecutor(_FOOTER_THREADS) as pool:
        footers = list(pool.map(_footer, files))
    for one, other in pairwise(footers):
        _check_same_columns(one, other)
    return SourceFiles(
        len(files),
        sum(file.size for file in files),
        sum(footer.rows for footer in footers),
        footers[0].columns,
        files[0].name,
    )


def _listed(path: str, open_filesystem: OpenFilesystem) -> list[_File]:
    """List the data files of one path, sorted; some, or `BadInput`."""
    filesystem, inner = open_filesystem(path)
    prefix = path.rstrip("/").removesuffix(inner.rstrip("/")) if "://" in path else ""
    try:
        found = list(_walk(filesystem, inner.rstrip("/")))
    except OSError as error:
        raise BadInput(f"source.path {path}: can't be listed: {_first_line(error)}") from None
    files = [_File(prefix + info.path, info.size, info.path, filesystem) for info in found if _is_data(info)]
    if not files:
        raise BadInput(f"source.path {path}: there is no Parquet file in it.")
    _check_folders(path, inner.rstrip("/"), files)
    return sorted(files, key=lambda file: file.path)


def _check_once(files: Sequence[_File]) -> None:
    name, times = Counter(file.name for file in files).most_common(1)[0]
    if times > 1:
        raise BadInput(
            f"source.path: {name} would be read {times} times; let only one of the paths reach it."
        )


def _walk(filesystem: pafs.FileSystem, inner: str) -> Iterator[pafs.FileInfo]:
    """Give the files at or below `inner`, hidden ones left out at every level below it, as Spark does."""
    start = inner
    while is_glob(start):
        start = start.rpartition("/")[0]
    info = filesystem.get_file_info(start or "/")
    if info.type == pafs.FileType.NotFound:
        raise FileNotFoundError("there is nothing of this name")
    if info.is_file:
        yield info
        return
    below = matcher(inner)
    for entry in filesystem.get_file_info(pafs.FileSelector(info.path, recursive=True)):
        rest = below(entry.path)
        if entry.is_file and rest is not None and not any(_is_hidden(part) for part in rest.split("/")):
            yield entry


def _is_hidden(name: str) -> bool:
    """Apply Spark's rule (InMemoryFileIndex.shouldFilterOutPathName): a folder `_key=value` is not hidden."""
    return name.startswith(".") or (name.startswith("_") and "=" not in name) or name.endswith("._COPYING_")


def _is_data(info: pafs.FileInfo) -> bool:
    """Leave out the empty objects that stand for folders on S3; an empty .parquet is a failed upload."""
    return not _is_hidden(info.base_name) and bool(info.size > 0 or info.path.endswith(".parquet"))


def _check_folders(path: str, inner: str, files: Sequence[_File]) -> None:
    """Refuse files in plain folders below the path: Spark reads below it only through `key=value` folders."""
    below = matcher(inner)
    for file in files:
        folders = (below(file.path) or "").split("/")[:-1]
        if folders and not any("=" in part for part in (*folders, inner.rpartition("/")[2])):
            deeper = path.rstrip("/") + "/*" * len(folders)
            raise BadInput(
                f"source.path {path}: Spark would pass over {file.name}, as it lies in a folder that is not "
                f"key=value; write the path as {deeper}/ instead."
            )


def _footer(file: _File) -> _Footer:
    try:
        metadata = pq.read_metadata(file.path, filesystem=file.filesystem)
    except (pa.ArrowException, OSError) as error:
        # What the file system says has a type of its own; Arrow's word for a broken file is a plain OSError.
        is_damage = isinstance(error, pa.ArrowException) or type(error) is OSError
        problem = "not Parquet, or damaged" if is_damage else "can't be read"
        raise BadInput(f"source file {file.name}: {problem}: {_first_line(error)}") from None
    columns = [metadata.schema.column(number) for number in range(metadata.num_columns)]
    for column in columns:
        if _type(column) == NANOSECONDS and "." in column.path:
            raise BadInput(
                f"source file {file.name}: column {column.path} is a nested timestamp in nanoseconds, which Spark "
                "can't read; write it in microseconds (pandas: to_parquet(…, coerce_timestamps='us'))."
            )
    return _Footer(file, metadata.num_rows, {_leaf(column.path): _type(column) for column in columns})


def _leaf(path: str) -> str:
    """Name a leaf column whatever its writer called the levels of a list."""
    return re.sub(r"\.(list|bag)\.(element|item|array_element|array)\b", "[]", path)


def _type(column: pq.ColumnSchema) -> str:
    """Name a Parquet type as Spark tells types apart: not by a timestamp's unit or an annotated plain int.

    INT96 is the old way of writing a timestamp in UTC.
    """
    logical, physical = str(column.logical_type), str(column.physical_type)
    if physical == "INT64" and "timeUnit=nanoseconds" in logical:
        return NANOSECONDS
    if physical == "INT96" or logical.startswith("Timestamp(isAdjustedToUTC=true"):
        return "timestamp"
    if logical.startswith("Timestamp"):
        return "timestamp without time zone"
    plain = logical in ("None", f"Int(bitWidth={physical.removeprefix('INT')}, isSigned=true)")
    return (physical if plain else logical).lower()


def _check_same_columns(one: _Footer, other: _Footer) -> None:
    for name in one.columns | other.columns:
        here, there = (footer.columns.get(name, "missing") for footer in (one, other))
        if here != there:
            raise BadInput(
                f"source.path: the files differ in column {name}: {here} in {one.file.name}, {there} in "
                f"{other.file.name}; rewrite one, or load each layout in a run of its own."
            )


def _first_line(error: BaseException) -> str:
    return f"{(str(error).strip() or type(error).__name__).splitlines()[0]}"
