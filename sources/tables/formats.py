"""Recognition of a table's folder, of Delta Lake, Apache Iceberg or Apache Hudi, among folders of Parquet files.

A table's folder also holds files of earlier versions and deleted rows, so that it is never read as plain Parquet. Where
the source is one table's folder, `table_format` says which; `refuse_table` and `refuse_table_above` keep tables out of
any other listing.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from pyarrow import fs as pafs

from core.errors import InputError
from core.storage import OpenFilesystem
from sources.tables.table_source import NAMES, Format

_LOGS: dict[str, Format] = {"_delta_log": "delta", ".hoodie": "hudi"}
_METADATA = (".metadata.json", ".metadata.json.gz")


def table_format(path: str, open_filesystem: OpenFilesystem) -> Format | None:
    """Return the format of the table whose folder `path` is; None where it is no table's.

    A folder that is both, as Delta Lake's UniForm makes it, is Delta Lake's.
    """
    filesystem, inner = open_filesystem(path)
    folder = inner.rstrip("/")
    with suppress(OSError):
        for found in _marked(filesystem, [folder]):
            return found[1]
    return None


def refuse_table(path: str, files: Iterable[str]) -> None:
    """Refuse a listing in which a folder is a table's.

    Raises:
        InputError: it names the folder and the table's format.
    """
    for file in files:
        found = _format_of(file)
        if found is not None:
            raise _refusal(path, *found)


def refuse_table_above(path: str, filesystem: pafs.FileSystem, folder: str) -> None:
    """Refuse a path that is itself within a table's folder, such as one partition of it.

    A folder above that may not be looked into is taken for none.

    Raises:
        InputError: it names the folder and the table's format.
    """
    above = [folder]
    while "/" in above[-1].strip("/"):
        above.append(above[-1].rpartition("/")[0])
    with suppress(OSError):
        for found in _marked(filesystem, above):
            raise _refusal(path, *found)


def _marked(filesystem: pafs.FileSystem, folders: Iterable[str]) -> Iterable[tuple[str, Format]]:
    """Yield each of the folders that is a table's, with its format; Delta Lake's first."""
    names = [f"{each}/{log}" for each in folders for log in (*_LOGS, "metadata")]
    for info in filesystem.get_file_info(names):
        if info.type == pafs.FileType.Directory:
            for file in _marks(filesystem, info):
                found = _format_of(file)
                if found is not None:
                    yield found
                    break


def _marks(filesystem: pafs.FileSystem, info: pafs.FileInfo) -> list[str]:
    """Return the paths that identify the kind of a folder."""
    if info.base_name in _LOGS:
        return [f"{info.path}/"]
    return [each.path for each in filesystem.get_file_info(pafs.FileSelector(info.path))]


def _format_of(file: str) -> tuple[str, Format] | None:
    """Return the table's folder and format that a file is the mark of."""
    folder, _, name = file.rpartition("/")
    if name.endswith(_METADATA) and folder.rpartition("/")[2] == "metadata":
        return folder.rpartition("/")[0], "iceberg"
    parts = file.split("/")
    for log, table in _LOGS.items():
        if log in parts:
            return "/".join(parts[: parts.index(log)]), table
    return None


def _refusal(path: str, folder: str, table: Format) -> InputError:
    return InputError(
        f"source.path {path}: {folder} is the folder of a table of {NAMES[table]}, whose files also hold rows that "
        f"were changed or deleted, so it can't be read as plain Parquet. Name that folder alone as "
        "source.path, and choose rows by source.filter."
    )
