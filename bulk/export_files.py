r"""The files of an export as rows, tolerant of everything that AWS does not document.

Documented is: CSV, "a header row with column names that match the fields in the dataset's schema", records
that agree in every field once (developer guide, "Exporting data"). Not documented: whether each file has
the header, the order of the columns, quoting, number formats, seconds or milliseconds. So a header is
recognized in any file, columns go by name, and each file is read both with `""` and with `\"` for a
quotation mark. A form that is still unknown is reported as such.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from bulk.comparison import is_time
from core.errors import BackfillError
from core.storage import Folder, join
from core.suggestions import flat
from core.urls import with_scheme

_REQUIRED = ("USER_ID", "ITEM_ID", "TIMESTAMP")
_ESCAPES = ('"', "\\")
HEADER_BYTES = 64 * 1024
"""Our choice: more than any header of the schema's fields, and little of a file that may have gigabytes."""


_MAY_HAVE_ROWS = re.compile(r"\.csv|\.(gz|bz2|zip|zst|lz4|snappy|deflate)$|^[^._][^.]*$", re.IGNORECASE)
"""Names of files that are not read and may hold rows all the same: compressed ones, and those without an ending."""


class UnknownFormatError(BackfillError):
    """The files are in an unknown form, so they prove nothing; the text is a sentence's end."""

    exit_code: ClassVar[int] = 5


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of the files in their order, by the schema's names; `absent` are fields that they lack."""

    names: tuple[str, ...]
    absent: tuple[str, ...]


def first_line(url: str) -> str:
    """Return the first line of the export's first file, at any depth; only its beginning is read.

    Raises:
        UnknownFormatError: there is no file with content, or no line that is short enough for a header.
        StorageError: it can't be read.
    """
    for folder, name, is_read in _files(url):
        if is_read:
            return _line_at_head(folder.read_head(name, HEADER_BYTES))
    raise UnknownFormatError("it has no file that ends in .csv and has content")


def require_all_read(url: str) -> None:
    """Check that no file of the export was left out that may hold rows: what is missing might be in it.

    Raises:
        UnknownFormatError: there is one.
        StorageError: a folder can't be listed.
    """
    for _, name, is_read in _files(url):
        if not is_read and _MAY_HAVE_ROWS.search(name):
            raise UnknownFormatError(f"it has files that are not read as CSV, such as {name}")


def _files(url: str, *, passed_over: bool = False) -> Iterator[tuple[Folder, str, bool]]:
    """Yield folder and name of each file that has content, and whether it is read.

    Spark passes over files and folders that begin with `_` or `.`.
    """
    folder = Folder(url)
    for name, size in sorted(folder.sizes().items()):
        if size:
            yield folder, name, name.endswith(".csv") and not (passed_over or _is_hidden(name))
    for name in folder.folder_names():
        yield from _files(join(url, name), passed_over=passed_over or _is_hidden(name))


def _is_hidden(name: str) -> bool:
    return name.startswith(("_", "."))


def _line_at_head(head: bytes) -> str:
    line, end, _ = head.partition(b"\n")
    if not end and len(head) == HEADER_BYTES:
        raise UnknownFormatError(f"its first line is longer than {HEADER_BYTES // 1024} KiB")
    return line.decode("utf-8", "replace").rstrip("\r")


def columns_of(first_line: str, fields: Sequence[str]) -> Columns:
    """Return the columns of a header.

    Raises:
        UnknownFormatError: it is not a header, lacks user, item or time, or has a field twice.
    """
    found = next(csv.reader([first_line.removeprefix("\ufeff")]), [])
    known = {flat(field): field for field in fields}
    names = tuple(known.get(flat(name.strip()), f"_unknown_{index}") for index, name in enumerate(found))
    if missing := [name for name in _REQUIRED if name not in names]:
        raise UnknownFormatError(f"the export's first line names no {missing[0]}")
    if twice := [name for name in fields if names.count(name) > 1]:
        raise UnknownFormatError(f"the export's first line names {twice[0]} twice")
    return Columns(names, tuple(field for field in fields if field not in names))


def readings(spark: SparkSession, url: str, columns: Columns) -> tuple[DataFrame, ...]:
    """Return all rows of the `.csv` files below `url`, as text, without headers, in each way of reading."""
    read = (_read(spark, url, columns, escape) for escape in _ESCAPES)
    # As in `flat`: a header's names may be in any case, and with or without underscores.
    is_header = F.lower(F.translate(F.trim("USER_ID"), "_\ufeff", "")) == "userid"
    return tuple(rows.where(~is_header) for rows in read)


def require_times(read: Sequence[DataFrame]) -> None:
    """Check that in one of the ways of reading every row has a time; in the wrong one, fields may be in other columns.

    Raises:
        UnknownFormatError: there is none.
    """
    if all(not rows.where(~is_time("TIMESTAMP")).isEmpty() for rows in read):
        raise UnknownFormatError("it has rows whose TIMESTAMP is not a number")


def _read(spark: SparkSession, url: str, columns: Columns, escape: str) -> DataFrame:
    schema = ", ".join(f"`{name}` string" for name in columns.names)
    reader = spark.read.schema(schema).options(
        header="false",
        quote='"',
        escape=escape,
        multiLine="true",
        mode="PERMISSIVE",
        recursiveFileLookup="true",
        pathGlobFilter="*.csv",
    )
    kept = [F.col(name) for name in columns.names if not name.startswith("_unknown_")]
    return reader.csv(with_scheme(url)).select(*kept)
