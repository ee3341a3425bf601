"""Problems of local disks alone: names that are not text, links to data in the source, entries that are not files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from pyarrow import fs as pafs

from core.errors import InputError


def name_not_text(folder: str) -> str:
    """Find a name below a folder that is not UTF-8, and return its path with escapes."""
    for above, folders, files in os.walk(os.fsencode(folder)):
        for name in (*folders, *files):
            try:
                name.decode()
            except UnicodeDecodeError:
                return (above + b"/" + name).decode(errors="backslashreplace")
    return folder


def refuse_links(paths: Sequence[str]) -> None:
    """Refuse a link to a file or a folder that is in the source already.

    Raises:
        InputError: a link was found; the text names both paths, since the rows would be read twice.
    """
    folders = {folder: os.path.realpath(folder) for folder in {path.rpartition("/")[0] for path in paths}}
    known: dict[str, str] = {}
    for path in sorted(paths, key=len):
        folder, _, name = path.rpartition("/")
        is_link = os.path.islink(path)  # noqa: PTH114 - of a hundred thousand
        real = os.path.realpath(path) if is_link else f"{folders[folder]}/{name}"
        if real in known:
            raise InputError(
                f"source.path: {path} is {known[real]} by a link, and its rows would be read twice. "
                "Leave the link out."
            )
        known[real] = path


def led_to(base: str, files: Iterable[str]) -> list[str]:
    """Return the real folders of the `files` below the folder `base` that are reached through a link below it."""
    real_base = os.path.realpath(base)
    real: dict[str, str] = {}
    found: dict[str, None] = {}
    for path in files:
        folder = path.rpartition("/")[0]
        if folder not in real:
            real[folder] = os.path.realpath(folder)
            if real[folder] != real_base + folder.removeprefix(base):
                found[real[folder]] = None
        if os.path.islink(path):  # noqa: PTH114 - of a hundred thousand
            found[os.path.realpath(path).rpartition("/")[0]] = None
    return list(found)


def not_files(entries: Iterable[pafs.FileInfo], folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each link to nothing in the folders, and each pipe or the like among `entries`: its path, and what it is.

    pyarrow lists no such link. git-annex and DVC leave them in place of the files that they have not fetched.
    """
    for info in entries:
        if info.type == pafs.FileType.Unknown:
            yield info.path, "a pipe, a socket or a device"
    for folder in folders:
        with os.scandir(folder) as found:
            links = (entry.path for entry in found if entry.is_symlink())
            for link in links:
                # A link to a folder above it exists, although its path grows until the system calls it too long.
                if not os.path.exists(os.path.realpath(link)):  # noqa: PTH110
                    yield link, "a link to nothing"
