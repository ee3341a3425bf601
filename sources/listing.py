"""The source's data files: every one below `source.path`, by name, size and folder values, or an error that names it.

A file whose name says that it holds no data is opened to verify that: nothing is passed over in silence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

from pyarrow import fs as pafs

from core.errors import InputError
from core.storage import open_filesystem
from sources.folders import Values
from sources.listing_start import Location, find_start, folder_listed, location_of
from sources.local_names import led_to, name_not_text, not_files, refuse_links
from sources.no_data import PARQUET, Skipped, is_hidden, may_be_data, refuse_data, says_no_data
from sources.tables.formats import refuse_tables, refuse_tables_above, tables_among, unlisted
from sources.tables.table_source import Format
from sources.written_path import WrittenPath

Excluded = Callable[[Sequence[Values]], Sequence[bool]]
"""Return for folders, by their values so far, which of them contain no wanted file."""

_NAMELESS = "Spark can't read a name with //. Rename it."
_PATHS_AT_ONCE, _THREADS = 16, 64  # listings are small and far away: the wait is for the network


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A data file: its path on the location's file system, and the values of its `key=value` folders.

    There may be a hundred thousand: what files have in common is stored once.
    """

    path: str
    size: int
    values: Values
    location: Location

    @property
    def name(self) -> str:
        """Return its URL or path as the user wrote the source."""
        return self.location.name_prefix + self.path

    @property
    def url(self) -> str:
        """Return its URL as Spark takes it."""
        return self.location.url_prefix + self.path

    @property
    def filesystem(self) -> pafs.FileSystem:
        """Return its file system."""
        return self.location.filesystem


@dataclass(frozen=True, slots=True)
class Listing:
    """The data files of all paths, sorted by path within each, and the files that are `skipped`.

    `samples` are files that the filter excludes: one from the first and one from the last excluded folder of each path,
    and of the paths that are excluded as a whole.
    """

    files: tuple[SourceFile, ...]
    skipped: Skipped
    samples: tuple[SourceFile, ...] = ()


def list_files(paths: Sequence[str], excluded: Excluded | None = None) -> Listing:
    """Find the data files of `source.path`.

    With `excluded`, folders are listed level by level, without the folders and whole paths that it excludes.

    Raises:
        InputError: a path is missing or holds no Parquet file, a folder is a table's, a data file is hidden or is in
            two of the paths, or a name is one that Spark can't read.
    """
    no_table: set[str] = set()
    listings = [_Listed(path, no_table) for path in paths]
    left_out = _left_out(listings, excluded) if excluded else []
    entered = [listed for listed in listings if not listed.excluded]
    with ThreadPoolExecutor(_PATHS_AT_ONCE) as pool:
        found = list(pool.map(lambda listed: listed.find(excluded), entered))
        sampled = dict.fromkeys([*entered, *left_out[:1], *left_out[-1:]])
        samples = list(chain.from_iterable(pool.map(_Listed.samples, sampled)))
    for listed, each in zip(entered, found, strict=True):
        if not each and not listed.excluded:
            raise InputError(f"source.path {listed.path}: there is no Parquet file in it. Check the path.")
    files = tuple(chain.from_iterable(found))
    if len(paths) > 1:
        _check_once(files)
    return Listing(files, Skipped.all_of(listed.skipped for listed in entered), tuple(samples))


def check_paths(paths: Sequence[str]) -> None:
    """Check that each path exists, and is not a table's folder; list nothing below it.

    Raises:
        InputError: see `list_files`.
    """
    no_table: set[str] = set()
    with ThreadPoolExecutor(_PATHS_AT_ONCE) as pool:
        list(pool.map(lambda path: _Listed(path, no_table).check(), paths))


class _Listed:
    """A path of the source while it is listed; `no_table`: folders found to be no table's, shared by all paths."""

    def __init__(self, path: str, no_table: set[str]) -> None:
        self.path = path
        self.skipped = Skipped()
        self.excluded: list[str] = []
        self._label = f"source.path {path}"
        self._no_table = no_table
        self._doubtful: list[pafs.FileInfo] = []
        self._tables: dict[str, Format] = {}
        self._values: dict[str, Values] = {}
        self._filesystem, inner = open_filesystem(path)
        self._is_local = isinstance(self._filesystem, pafs.LocalFileSystem)
        self._inner = inner.rstrip("/")
        self._place = location_of(path, self._filesystem, self._inner)
        self.written = self._written_from(self._inner)

    def find(self, excluded: Excluded | None) -> list[SourceFile]:
        """List the data files, sorted."""
        start = self.check()
        try:
            found = [start] if start.is_file else list(self._walk(start.path, excluded))
            self._refuse_tables(start, [info.path for info in found])
        except OSError as error:
            raise unlisted(self._label, error) from None
        except UnicodeDecodeError:
            raise InputError(
                f"source file {name_not_text(start.path)}: Spark can't read a name that is not UTF-8. Rename it."
            ) from None
        if self._is_local:
            refuse_links([info.path for info in found])
        files = [self._file(info) for info in found if self._is_data(info)]
        refuse_data(self._filesystem, self._place.name_prefix, self._doubtful)
        return sorted(files, key=lambda file: file.path)

    def check(self) -> pafs.FileInfo:
        """Return the folder or file to begin with."""
        try:
            start = find_start(self._filesystem, self._inner)
            self.written = self._written_from(start.path)
            folders = [folder_listed(start, start.path)]
            if self._is_local:
                folders.append(folder_listed(start, os.path.realpath(start.path)))
            must_list = None if start.is_file else start.path
            refuse_tables_above(self._label, self._filesystem, folders, self._no_table, must_list=must_list)
        except OSError as error:
            raise unlisted(self._label, error) from None
        return start

    def _written_from(self, start: str) -> WrittenPath:
        return WrittenPath(self._inner, self._place.url_prefix + self._inner, start)

    def _refuse_tables(self, start: pafs.FileInfo, found: Sequence[str]) -> None:
        refuse_tables(self._label, found, self._tables)
        if self._is_local:
            led = led_to(folder_listed(start, start.path), found)
            refuse_tables_above(self._label, self._filesystem, led, self._no_table)

    def samples(self) -> list[SourceFile]:
        """Find a file in the first and in the last of the excluded folders; none where they can't be listed."""
        folders = sorted(dict.fromkeys((min(self.excluded), max(self.excluded)))) if self.excluded else []
        return [file for file in map(self._sample, folders) if file is not None]

    def _sample(self, folder: str) -> SourceFile | None:
        try:
            entries = sorted(self._entries(folder), key=lambda info: info.path)
            for info in entries:
                if self._matches(info) and self._is_data(info):
                    return self._file(info)
        except (OSError, UnicodeDecodeError, InputError):  # the filter excludes what is wrong with it
            return None
        inner = (self._sample(info.path) for info in entries if _is_folder(info))
        return next((file for file in inner if file is not None), None)

    def _walk(self, start: str, excluded: Excluded | None) -> Iterator[pafs.FileInfo]:
        """Yield the files below `start` that match the path, including those in hidden folders."""
        if excluded is None:
            entries = self._entries_below(start)
            yield from self._matching(entries, [start, *self._to_enter(entries)])
            return
        level = [start]
        with ThreadPoolExecutor(_THREADS) as pool:
            while level:
                entries = list(chain.from_iterable(pool.map(self._entries, level)))
                yield from self._matching(entries, level)
                level = self._kept(self._to_enter(entries), excluded)

    def _matching(self, entries: Sequence[pafs.FileInfo], folders: Sequence[str]) -> Iterator[pafs.FileInfo]:
        """Yield the files that match, of all entries of the folders; note tables, which the path may only enter."""
        self._tables |= tables_among(info.path for info in entries)
        self._refuse_not_files(entries, folders)
        yield from (info for info in entries if self._matches(info))

    def _refuse_not_files(self, entries: Sequence[pafs.FileInfo], folders: Sequence[str]) -> None:
        for path, what in not_files(entries, folders) if self._is_local else ():
            rest = self.written.not_named(path)
            if self.written.reaches(path) and not any(map(is_hidden, rest)) and not says_no_data(rest[-1]):
                raise InputError(
                    f"source file {self._place.name_prefix}{path}: it is {what}. Restore the file, or move it out of "
                    "source.path."
                )

    def _entries(self, folder: str) -> list[pafs.FileInfo]:
        return list(self._filesystem.get_file_info(pafs.FileSelector(folder)))

    def _entries_below(self, folder: str) -> list[pafs.FileInfo]:
        if not self._is_local or self.written.is_as_deep(folder):
            return list(self._filesystem.get_file_info(pafs.FileSelector(folder, recursive=True)))
        entries = self._entries(folder)
        return entries + [each for inner in self._to_enter(entries) for each in self._entries_below(inner)]

    def _to_enter(self, entries: Sequence[pafs.FileInfo]) -> list[str]:
        """Return the folders to list.

        On a disk, these are only the folders that the path may reach (others may be unreadable, or all of /proc) and
        those whose presence may make a table of the folder above.
        """
        folders = [info.path for info in entries if _is_folder(info)]
        if not self._is_local:
            return folders
        return [each for each in folders if self.written.leads_to(each) or each.endswith("/metadata")]

    def _kept(self, folders: list[str], excluded: Excluded) -> list[str]:
        for folder in folders:
            if folder.endswith("/"):  # S3: its keys have //
                raise InputError(f"source folder {self._place.name_prefix}{folder}/: {_NAMELESS}")
        out = excluded([self.written.values_of_listed(folder) for folder in folders])
        self.excluded += [folder for folder, each in zip(folders, out, strict=True) if each]
        return [folder for folder, each in zip(folders, out, strict=True) if not each]

    def _matches(self, info: pafs.FileInfo) -> bool:
        return bool(info.is_file) and self.written.reaches(info.path)

    def _is_data(self, info: pafs.FileInfo) -> bool:
        """Return whether a file is read; note it if its name, or a folder's, says that it holds no data.

        Empty objects are folders on S3; an empty .parquet is a failed upload.
        """
        rest = self.written.not_named(info.path)
        if any(map(is_hidden, rest)) or says_no_data(info.base_name):
            self.skipped.note(rest)
            self._doubtful += [info] if may_be_data(info, rest) else []
            return False
        if "//" in info.path:
            raise InputError(f"source file {self._place.name_prefix}{info.path}: {_NAMELESS}")
        return bool(info.size > 0 or PARQUET.search(info.base_name))

    def _file(self, info: pafs.FileInfo) -> SourceFile:
        folder = info.path.rpartition("/")[0]
        if folder not in self._values:
            self._values[folder] = self.written.values(folder)
        return SourceFile(info.path, info.size, self._values[folder], self._place)


def _left_out(listings: Sequence[_Listed], excluded: Excluded) -> list[_Listed]:
    """Mark the paths that are excluded by their own folders, and return them: they need not be listed."""
    named = [listed for listed in listings if listed.written.own_values()]
    out = excluded([listed.written.own_values() for listed in named]) if named else []
    found = [listed for listed, each in zip(named, out, strict=True) if each]
    for listed in found:
        listed.excluded.append(listed.written.own_folder)
    return found


def _is_folder(info: pafs.FileInfo) -> bool:
    return bool(info.type == pafs.FileType.Directory)


def _check_once(files: Sequence[SourceFile]) -> None:
    seen: set[str] = set()
    for file in files:
        path = file.path if isinstance(file.filesystem, pafs.LocalFileSystem) else f"s3:{file.path}"
        if path in seen:
            raise InputError(
                f"source.path: {file.name} is in two of the paths. Let only one of them reach it."
            )
        seen.add(path)
    refuse_links([file.path for file in files if isinstance(file.filesystem, pafs.LocalFileSystem)])
