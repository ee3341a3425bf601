"""The folder or file with which the listing of a path begins, and the location of what is found."""

from __future__ import annotations

from dataclasses import dataclass

from pyarrow import fs as pafs

from core.globs import is_glob
from core.urls import with_scheme


@dataclass(frozen=True, slots=True)
class Location:
    """The location of files: their file system, and what precedes their path in a name and in a URL."""

    filesystem: pafs.FileSystem
    name_prefix: str
    url_prefix: str


def location_of(path: str, filesystem: pafs.FileSystem, inner: str) -> Location:
    """Return what precedes `inner`, the path on its file system, in names as the user wrote `path`, and in URLs."""
    local = isinstance(filesystem, pafs.LocalFileSystem)
    url = "file:" if local else with_scheme(path).rstrip("/").removesuffix(inner)
    if "://" not in path:
        return Location(filesystem, "", url)
    return Location(filesystem, "file://" if local else path.rstrip("/").removesuffix(inner), url)


def find_start(filesystem: pafs.FileSystem, path: str) -> pafs.FileInfo:
    """Find what to list: the path itself or, of a pattern, the folder above its first wildcard.

    Raises:
        FileNotFoundError: it is not there.
        OSError: it can't be looked up.
    """
    start = path
    while is_glob(start) and not _exists(filesystem, start):
        start = start.rpartition("/")[0]
    info = filesystem.get_file_info(start or "/")
    if info.type == pafs.FileType.NotFound:
        is_local = isinstance(filesystem, pafs.LocalFileSystem)
        on_s3 = "; of S3 it is s3://bucket/folder/" if is_local else ""
        raise FileNotFoundError(f"there is nothing of this name. Correct the path{on_s3}")
    return info


def folder_listed(start: pafs.FileInfo, path: str) -> str:
    """Return the folder to list for `start`: the folder of a file. `path` is its own path, or the one it links to."""
    return path.rpartition("/")[0] if start.is_file else path


def _exists(filesystem: pafs.FileSystem, pattern: str) -> bool:
    """Return whether a pattern is a name.

    S3 says that a name is missing only to a role that may list the whole bucket; others are denied access.
    """
    try:
        return bool(filesystem.get_file_info(pattern).type != pafs.FileType.NotFound)
    except PermissionError:
        return False
