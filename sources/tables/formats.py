"""Recognition of a table's folder, of Delta Lake, Apache Iceberg or Apache Hudi, among folders of Parquet files.

A table's folder also holds files of earlier versions and deleted rows, so that it is never read as plain Parquet. Where
the source is one table's folder, `table_format` says which; `refuse_tables` and `refuse_tables_above` keep tables out
of any other reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pyarrow import fs as pafs

from core.errors import InputError
from core.storage import cause_and_remedy, open_filesystem
from sources.tables.table_source import NAMES, Format

_LOGS: dict[str, Format] = {"_delta_log": "delta", ".hoodie": "hudi"}
_METADATA = (".metadata.json", ".metadata.json.gz")


def table_format(path: str) -> Format | None:
    """Return the format of the table whose folder `path` is; None if it is not a table's, or may not be listed.

    A folder that is both, as Delta Lake's UniForm makes it, is Delta Lake's.

    Raises:
        InputError: it can't be looked into for another reason.
    """
    filesystem, inner = open_filesystem(path)
    try:
        return _format_in(filesystem, inner.rstrip("/"))
    except PermissionError:
        return None
    except OSError as error:
        raise unlisted(f"source.path {path}", error) from None


def unlisted(label: str, error: OSError) -> InputError:
    """Return the error for a source, called `label`, that can't be listed."""
    return InputError(
        f"{label}: can't be listed: {cause_and_remedy(error, 'Check the path and its permissions')}."
    )


def tables_among(entries: Iterable[str]) -> dict[str, Format]:
    """Return the folders that entries below them mark as a table's, with its format."""
    return dict(filter(None, map(_marked_by, entries)))


def refuse_tables(label: str, files: Iterable[str], tables: Mapping[str, Format]) -> None:
    """Refuse files if one of them is in a table's folder.

    Raises:
        InputError: it names the folder and the table's format.
    """
    if not tables:
        return
    for file in files:
        for folder in _above(file):
            if folder in tables:
                raise _refusal(label, folder, tables[folder])


def refuse_tables_above(
    label: str,
    filesystem: pafs.FileSystem,
    folders: Sequence[str],
    known: set[str],
    *,
    must_list: str | None = None,
) -> None:
    """Refuse folders if one of them is a table's, or is within one, such as a partition of it.

    A folder that may not be listed counts as no table's, unless it is `must_list`. `known` are folders found to be no
    table's: they are not checked again, and those that are checked now are added.

    Raises:
        InputError: it names the folder and the table's format.
        OSError: a folder can't be looked into.
    """
    for folder in dict.fromkeys(level for each in folders for level in (each, *_above(each))):
        if folder in known:
            continue
        try:
            found = _format_in(filesystem, folder)
        except PermissionError:
            if folder == must_list:
                raise
            continue
        if found is not None:
            raise _refusal(label, folder, found)
        known.add(folder)


def _above(path: str) -> Iterator[str]:
    """Yield the folders above a path, the nearest first; of a local path, not the root."""
    while "/" in path.strip("/"):
        path = path.rpartition("/")[0]
        yield path


def _format_in(filesystem: pafs.FileSystem, folder: str) -> Format | None:
    """Return the format of the table whose folder it is, Delta Lake's first; on S3 three requests, or four."""
    for log, table in _LOGS.items():
        if _is_folder(filesystem, f"{folder}/{log}"):
            return table
    metadata = f"{folder}/metadata"
    if not _is_folder(filesystem, metadata):
        return None
    entries = filesystem.get_file_info(pafs.FileSelector(metadata, allow_not_found=True))
    return "iceberg" if any(each.base_name.endswith(_METADATA) for each in entries) else None


def _is_folder(filesystem: pafs.FileSystem, path: str) -> bool:
    if isinstance(filesystem, pafs.PyFileSystem):
        return bool(filesystem.handler.is_folder(path))
    return bool(filesystem.get_file_info(path).type == pafs.FileType.Directory)


def _marked_by(path: str) -> tuple[str, Format] | None:
    """Return the folder and the format of the table of which a file or folder is a mark."""
    folder, _, name = path.rpartition("/")
    if name.endswith(_METADATA) and folder.rpartition("/")[2] == "metadata":
        return folder.rpartition("/")[0], "iceberg"
    parts = path.split("/")
    for log, table in _LOGS.items():
        if log in parts:
            return "/".join(parts[: parts.index(log)]), table
    return None


def _refusal(label: str, folder: str, table: Format) -> InputError:
    return InputError(
        f"{label}: {folder} is the folder of a table of {NAMES[table]}, whose files also hold rows that "
        f"were changed or deleted, so it can't be read as plain Parquet. Name that folder alone as "
        "source.path, and choose rows by source.filter."
    )
