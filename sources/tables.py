"""Whether a folder is a table's rather than a folder of Parquet files: Delta Lake, Apache Iceberg or Apache Hudi.

A table's folder also holds files of earlier versions and deleted rows, so that it is never read as plain Parquet.
What reads tables decides here: `refuse_table` and `refuse_table_above` are where the source forks into files or table.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from pyarrow import fs as pafs

from core.errors import BadInput

_LOGS = {"_delta_log": "Delta Lake", ".hoodie": "Apache Hudi"}
_METADATA = ".metadata.json"


def refuse_table(path: str, files: Iterable[str]) -> None:
    """Refuse a listing in which a folder is a table's.

    Raises:
        BadInput: it names the folder and the table's format.
    """
    for file in files:
        found = _format_of(file)
        if found is not None:
            raise _refusal(path, *found)


def refuse_table_above(path: str, filesystem: pafs.FileSystem, folder: str) -> None:
    """Refuse a path that is itself within a table's folder, such as one partition of it.

    Folders above that may not be looked into tell nothing.

    Raises:
        BadInput: it names the folder and the table's format.
    """
    above = [folder]
    while "/" in above[-1].strip("/"):
        above.append(above[-1].rpartition("/")[0])
    with suppress(OSError):
        names = [f"{each}/{log}" for each in above for log in (*_LOGS, "metadata")]
        for info in filesystem.get_file_info(names):
            if info.type == pafs.FileType.Directory:
                refuse_table(path, _marks(filesystem, info))


def _marks(filesystem: pafs.FileSystem, info: pafs.FileInfo) -> list[str]:
    """Return the paths that tell what kind of folder it is."""
    if info.base_name in _LOGS:
        return [f"{info.path}/"]
    return [each.path for each in filesystem.get_file_info(pafs.FileSelector(info.path))]


def _format_of(file: str) -> tuple[str, str] | None:
    """Return the table's folder and format that a file is the mark of."""
    folder, _, name = file.rpartition("/")
    if name.endswith(_METADATA) and folder.rpartition("/")[2] == "metadata":
        return folder.rpartition("/")[0], "Apache Iceberg"
    parts = file.split("/")
    for log, table in _LOGS.items():
        if log in parts:
            return "/".join(parts[: parts.index(log)]), table
    return None


def _refusal(path: str, folder: str, table: str) -> BadInput:
    return BadInput(
        f"source.path {path}: {folder} is the folder of a table of {table}, whose files also hold rows that were "
        "changed or deleted, so it can't be read as plain Parquet. Write the version that you want to a folder of "
        "its own as Parquet, and name that."
    )
