"""A path of the source as it is written: what it reaches, hidden folders that it names, and its folders' columns."""

from __future__ import annotations

import re

from core.globs import is_cut, is_glob, matcher
from sources.folders import Values, folder_of, values_below
from sources.no_data import PARQUET


class WrittenPath:
    """A path or a pattern, and `start`, the folder or file below which it is listed; all of them on their file system.

    `url`: the path as a URL.
    """

    def __init__(self, path: str, url: str, start: str) -> None:
        self._parts = path.split("/")
        self._listed_from = len(start.rstrip("/").split("/"))  # of the root, 1
        # A name that looks like a pattern, and exists.
        literal = start == path and is_glob(path)
        pattern = re.sub(r"([*?\[{\\])", r"\\\1", path) if literal else path
        self._below = matcher(pattern)
        parts = pattern.split("/")
        beginnings = ["/".join(parts[:n]) for n in range(1, len(parts))]
        self._above = [None if is_cut(beginning) else matcher(beginning) for beginning in beginnings]
        # Of the path as it is listed: one with ".." or "//" has more folders than that.
        base = folder_of(url).rstrip("/")
        self._base = base.removeprefix(url.removesuffix(path)).count("/") + 1

    def reaches(self, path: str) -> bool:
        """Return whether a path is matched, or is below what is."""
        return self._below(path) is not None

    def leads_to(self, folder: str) -> bool:
        """Return whether a folder may be matched, or be above or below what is."""
        if self.is_as_deep(folder):
            return self.reaches(folder)
        above = self._above[folder.count("/")]
        return above is None or above(folder) is not None

    def is_as_deep(self, folder: str) -> bool:
        """Return whether a folder has as many folders above it as the path has."""
        return folder.rstrip("/").count("/") >= len(self._above)

    def not_named(self, path: str) -> list[str]:
        """Return the file, and before it the folders that this path does not name; `*` names no hidden one."""
        *folders, name = path.split("/")
        hidden_by_name = {n for n, part in enumerate(self._parts) if part.startswith(("_", "."))}
        unnamed = (
            part for n, part in enumerate(folders) if n >= self._listed_from and n not in hidden_by_name
        )
        return [*unnamed, name]

    @property
    def own_folder(self) -> str:
        """Return this path or, if its name is that of a Parquet file, the folder above."""
        *above, last = self._parts
        return "/".join(above if PARQUET.search(last) else self._parts)

    def own_values(self) -> Values:
        """Return the columns of the folders at the end of this path, by which a filter prunes; none for a pattern."""
        return {} if is_glob("/".join(self._parts)) else self.values_of_listed(self.own_folder)

    def values(self, folder: str) -> Values:
        """Return the columns of a folder that was listed, by all of its path."""
        parts = folder.split("/")
        return values_below("/".join(parts[: self._base]), "/".join(parts[self._base :]))

    def values_of_listed(self, folder: str) -> Values:
        """Return the columns of a folder that was listed, without those that all folders of this path have alike.

        A filter prunes by them; those that the path ends in count, see `folder_of`.
        """
        parts, first = folder.split("/"), min(self._base, self._listed_from)
        return values_below("/".join(parts[first : self._base]), "/".join(parts[self._base :]))
