"""Problems of local disks alone: names that are not text, links to data that is already in the source, broken links."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

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
    """Return the real folders of those of the files below the folder `base` that links below it lead to."""
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


def broken_links(folders: Iterable[str]) -> Iterator[str]:
    """Yield the paths of links in the folders that lead to nothing: pyarrow lists none of them.

    git-annex and DVC leave such links in place of the files that they have not fetched.
    """
    for folder in folders:
        with os.scandir(folder) as entries:
            links = (entry.path for entry in entries if entry.is_symlink())
            # Of a link to a folder above it, the path grows until the system calls it too long, and is there.
            yield from (link for link in links if not os.path.exists(os.path.realpath(link)))  # noqa: PTH110
