"""The snapshot of an Iceberg table that a run reads, found in the table's folder before Spark starts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pyarrow import fs as pafs

from core.as_of import AsOf, from_millis, last_by, written
from core.errors import InputError, StorageError, is_passing
from core.storage import cause_and_remedy, open_filesystem
from core.urls import with_scheme
from sources.tables.formats import unlisted
from sources.tables.iceberg_metadata import Metadata, MetadataFolder, damage_named
from sources.tables.table_source import IcebergState, Snapshot

_NO_SNAPSHOT = -1
_SCHEME = re.compile(r"^(?:file:/*|s3[an]?://)")
_LOCATIONS = (
    "write.data.path",
    "write.metadata.path",
    "write.object-storage.path",
    "write.folder-storage.path",
)


def iceberg_state(path: str, as_of: AsOf | None) -> IcebergState:
    """Settle what is read of the Iceberg table in the folder `path`.

    Raises:
        InputError: its metadata is damaged or contradicts itself, the snapshot has expired, or the table was moved.
    """
    label = f"source.path {path}"
    metadata = _metadata(label, path)
    content = metadata.content
    with damage_named(label, metadata.name):
        snapshot = _snapshot(label, content, as_of)
        _require_in_place(label, path, content, _manifests(content, snapshot.version))
        return IcebergState(
            metadata=f"{with_scheme(path).rstrip('/')}/metadata/{metadata.name}",
            snapshot=snapshot,
            is_current=snapshot.version == _current(content),
            locations=_locations(content, snapshot.version),
        )


def _metadata(label: str, path: str) -> Metadata:
    try:
        filesystem, folder = open_filesystem(path)
        return MetadataFolder(label, filesystem, f"{folder.rstrip('/')}/metadata").newest()
    except OSError as error:
        cause = cause_and_remedy(error, "Check the permissions of the table's folder")
        raise InputError(f"{label}: the table's metadata can't be read: {cause}.") from None


def _snapshot(label: str, content: Mapping[str, Any], as_of: AsOf | None) -> Snapshot:
    known = {int(each["snapshot-id"]): from_millis(each["timestamp-ms"]) for each in _snapshots(content)}
    wanted = _wanted(label, content, as_of)
    if wanted is not None and wanted not in known:
        current = _current(content)
        newest = f", such as the newest, {current} of {written(known[current])}" if current in known else ""
        raise InputError(
            f"source.as_of: {label} has no snapshot {wanted}: it has expired, or is another table's. "
            f"Take another{newest}."
        )
    return Snapshot("iceberg", wanted, None if wanted is None else known[wanted], _size(content, wanted))


def _size(content: Mapping[str, Any], version: int | None) -> int | None:
    found = (each.get("summary") or {} for each in _snapshots(content) if each["snapshot-id"] == version)
    size = next(found, {}).get("total-files-size")
    return int(size) if size else None


def _wanted(label: str, content: Mapping[str, Any], as_of: AsOf | None) -> int | None:
    if as_of is None:
        return _current(content)
    if not isinstance(as_of, datetime):
        return as_of
    log = [(from_millis(each["timestamp-ms"]), int(each["snapshot-id"])) for each in _log(content)]
    found = last_by(log, as_of)
    if found is None:
        oldest = f": the oldest that is left is of {written(log[0][0])}" if log else ""
        raise InputError(
            f"source.as_of: {label} has no snapshot as old as {written(as_of)}{oldest}. Take a later time."
        )
    return found


def _current(content: Mapping[str, Any]) -> int | None:
    """Return the current snapshot's id; format 1 writes -1 where there is none."""
    current = content.get("current-snapshot-id")
    return None if current is None or current == _NO_SNAPSHOT else int(current)


def _snapshots(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(content.get("snapshots") or [])


def _log(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(content.get("snapshot-log") or [])


def _manifests(content: Mapping[str, Any], version: int | None) -> str | None:
    found = (each.get("manifest-list") for each in _snapshots(content) if each["snapshot-id"] == version)
    return next(found, None)


def _locations(content: Mapping[str, Any], version: int | None) -> tuple[str, ...]:
    properties = content.get("properties") or {}
    found = (content.get("location"), _manifests(content, version), *map(properties.get, _LOCATIONS))
    return tuple(dict.fromkeys(str(each) for each in found if each))


def _require_in_place(label: str, path: str, content: Mapping[str, Any], manifests: str | None) -> None:
    """Check that a snapshot's files are where it names them, if the table says that it is somewhere else.

    Iceberg names all files by absolute paths.
    """
    location = str(content.get("location", path))
    if _place(location) == _place(path) or manifests is None:
        return
    try:
        filesystem, inner = open_filesystem(manifests)
        is_there = filesystem.get_file_info(inner).type == pafs.FileType.File
    except (OSError, StorageError) as error:
        if isinstance(error, OSError) and is_passing(error):
            raise unlisted(label, error) from None
        is_there = False
    if not is_there:
        raise InputError(
            f"{label}: this Iceberg table was moved or copied here from {location}, and its metadata names its files "
            "there, where they are gone or can't be read. Name the path that it was written to, or write it again."
        )


def _place(url: str) -> str:
    """Return a location for comparison: of a local path, the one that links lead to."""
    rest = _SCHEME.sub("", url).rstrip("/")
    if re.match(r"^s3[an]?://", url):
        return f"s3:{rest}"
    return str(Path("/" + rest if url.startswith("file:") else rest).resolve())
