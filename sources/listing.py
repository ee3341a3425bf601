"""The source's data files: every one below `source.path`, by name, size and folder values, or an error that names it.

A file is opened only if its name says that it is no data, to verify that: nothing is passed over in
silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

from pyarrow import fs as pafs

from core.errors import InputError
from core.globs import is_glob, matcher
from core.storage import OpenFilesystem, cause_and_remedy
from core.urls import with_scheme
from sources.folders import folder_of, folder_values
from sources.local_names import broken_links, name_not_text, refuse_links
from sources.no_data import PARQUET, is_hidden, may_be_data, refuse_data, says_no_data
from sources.tables.formats import refuse_table, refuse_table_above

Values = Mapping[str, str | None]
Excluded = Callable[[Sequence[Values]], Sequence[bool]]
"""Return for folders, by their values so far, which of them contain no wanted file."""

_NAMELESS = "Spark can't read a name with //. Rename it."
_THREADS = 64  # listings are small and far away: the wait is for the network


@dataclass(frozen=True, slots=True)
class Location:
    """The location of files: their file system, and what precedes their path in a name and in a URL."""

    filesystem: pafs.FileSystem
    name_prefix: str
    url_prefix: str


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
    """The data files of all paths, sorted by path within each; `passed_over` names files that hold no data.

    `samples` are files that the filter excludes, one of the first and one of the last folder, of each path.
    """

    files: tuple[SourceFile, ...]
    passed_over: tuple[str, ...]
    samples: tuple[SourceFile, ...] = ()


def list_files(
    paths: Sequence[str], open_filesystem: OpenFilesystem, excluded: Excluded | None = None
) -> Listing:
    """Find the data files of `source.path`.

    With `excluded`, folders are listed level by level, and those that it excludes are not.

    Raises:
        InputError: a path is missing or holds no Parquet file, a folder is a table's, a data file is hidden
            or is in two of the paths, or a name is one that Spark can't read.
    """
    listings = [_Listed(path, open_filesystem) for path in paths]
    found = [(listed, listed.find(excluded)) for listed in listings]
    files = list(chain.from_iterable(each for _, each in found))
    samples = list(chain.from_iterable(listed.samples() for listed in listings))
    for listed, each in found:
        if not each and not listed.excluded:
            raise InputError(f"source.path {listed.path}: there is no Parquet file in it. Check the path.")
    if len(paths) > 1:
        _check_once(files)
    passed_over = chain.from_iterable(listed.passed_over for listed in listings)
    return Listing(tuple(files), tuple(passed_over), tuple(samples))


def check_paths(paths: Sequence[str], open_filesystem: OpenFilesystem) -> None:
    """Check that each path exists, and is no table's folder; list nothing below it.

    Raises:
        InputError: see `list_files`.
    """
    for path in paths:
        _Listed(path, open_filesystem).check()


class _Listed:
    """A path of the source, as it is listed."""

    def __init__(self, path: str, open_filesystem: OpenFilesystem) -> None:
        self.path = path
        self.passed_over: list[str] = []
        self.excluded: list[str] = []
        self._doubtful: list[pafs.FileInfo] = []
        self._values: dict[str, Values] = {}
        self._filesystem, inner = open_filesystem(path)
        self._inner = inner.rstrip("/")
        self._given = 0
        self._below = matcher(self._inner)
        self._place = _location(path, self._filesystem, self._inner)
        # Of the path as it is listed: one with ".." or "//" has more folders than that.
        base = folder_of(self._place.url_prefix + self._inner).rstrip("/")
        self._depth = base.removeprefix(self._place.url_prefix).count("/") + 1

    def find(self, excluded: Excluded | None) -> list[SourceFile]:
        """List the data files, sorted."""
        start = self.check()
        try:
            found = [start] if start.is_file else list(self._walk(start.path, excluded))
        except OSError as error:
            raise self._unlisted(error) from None
        except UnicodeDecodeError:
            raise InputError(
                f"source file {name_not_text(start.path)}: Spark can't read a name that is not UTF-8. Rename it."
            ) from None
        refuse_table(self.path, [info.path for info in found])
        if isinstance(self._filesystem, pafs.LocalFileSystem):
            refuse_links([info.path for info in found])
        files = [self._file(info) for info in found if self._is_data(info)]
        refuse_data(self._filesystem, self._place.name_prefix, self._doubtful)
        return sorted(files, key=lambda file: file.path)

    def check(self) -> pafs.FileInfo:
        """Return the folder or file to begin with."""
        try:
            start = self._start()
            refuse_table_above(self.path, self._filesystem, start.path)
        except OSError as error:
            raise self._unlisted(error) from None
        return start

    def _unlisted(self, error: OSError) -> InputError:
        cause = cause_and_remedy(error, "Check the path and its permissions")
        return InputError(f"source.path {self.path}: can't be listed: {cause}.")

    def samples(self) -> list[SourceFile]:
        """Find a file in the first and in the last of the excluded folders."""
        folders = sorted(dict.fromkeys((min(self.excluded), max(self.excluded)))) if self.excluded else []
        return [file for file in map(self._sample, folders) if file is not None]

    def _sample(self, folder: str) -> SourceFile | None:
        entries = sorted(self._entries(folder), key=lambda info: info.path)
        for info in entries:
            if self._matches(info) and self._is_data(info):
                return self._file(info)
        inner = (self._sample(info.path) for info in entries if not info.is_file)
        return next((file for file in inner if file is not None), None)

    def _start(self) -> pafs.FileInfo:
        """Find the folder to list: the path itself or, of a pattern, the folder above its first wildcard."""
        start = self._inner
        while is_glob(start) and self._filesystem.get_file_info(start).type == pafs.FileType.NotFound:
            start = start.rpartition("/")[0]
        self._given = len(start.split("/"))
        if start == self._inner and is_glob(start):  # a name that looks like a pattern, and exists
            self._below = matcher(re.sub(r"([*?\[{\\])", r"\\\1", start))
        info = self._filesystem.get_file_info(start or "/")
        if info.type == pafs.FileType.NotFound:
            local = isinstance(self._filesystem, pafs.LocalFileSystem)
            on_s3 = "; of S3 it is s3://bucket/folder/" if local else ""
            raise FileNotFoundError(f"there is nothing of this name. Correct the path{on_s3}")
        return info

    def _walk(self, start: str, excluded: Excluded | None) -> Iterator[pafs.FileInfo]:
        """Yield the files below `start` that match the path, including those in hidden folders."""
        if excluded is None:
            selector = pafs.FileSelector(start, recursive=True)
            entries = list(self._filesystem.get_file_info(selector))
            self._refuse_broken_links([start, *(info.path for info in entries if _is_folder(info))])
            yield from (info for info in entries if self._matches(info))
            return
        level = [start]
        with ThreadPoolExecutor(_THREADS) as pool:
            while level:
                entries = list(chain.from_iterable(pool.map(self._entries, level)))
                self._refuse_broken_links(level)
                yield from (info for info in entries if self._matches(info))
                level = self._kept([info.path for info in entries if not info.is_file], excluded)

    def _refuse_broken_links(self, folders: Sequence[str]) -> None:
        if not isinstance(self._filesystem, pafs.LocalFileSystem):
            return
        for path in broken_links(folders):
            rest = self._not_named(path)
            if self._below(path) is not None and not any(map(is_hidden, rest)) and not says_no_data(rest[-1]):
                name = self._place.name_prefix + path
                raise InputError(
                    f"source file {name}: it is a link to nothing. Restore the file, or remove the link."
                )

    def _entries(self, folder: str) -> list[pafs.FileInfo]:
        return list(self._filesystem.get_file_info(pafs.FileSelector(folder)))

    def _kept(self, folders: list[str], excluded: Excluded) -> list[str]:
        for folder in folders:
            if folder.endswith("/"):  # S3: its keys have //
                raise InputError(f"source folder {self._place.name_prefix}{folder}/: {_NAMELESS}")
        out = excluded([folder_values(self._relative(folder)) for folder in folders])
        self.excluded += [folder for folder, each in zip(folders, out, strict=True) if each]
        return [folder for folder, each in zip(folders, out, strict=True) if not each]

    def _matches(self, info: pafs.FileInfo) -> bool:
        return bool(info.is_file) and self._below(info.path) is not None

    def _relative(self, path: str) -> str:
        """Return a folder's path below the one from which columns count."""
        return "/".join(path.split("/")[self._depth :])

    def _is_data(self, info: pafs.FileInfo) -> bool:
        """Return whether a file is read; note one whose name says that it is no data, and that may be.

        Empty objects are folders on S3; an empty .parquet is a failed upload.
        """
        rest = self._not_named(info.path)
        if any(map(is_hidden, rest)):
            self._doubtful += [info] if may_be_data(info, rest) else []
            return False
        if says_no_data(info.base_name):
            self.passed_over.append(info.base_name)
            self._doubtful += [info] if may_be_data(info, rest) else []
            return False
        if "//" in info.path:
            raise InputError(f"source file {self._name(info)}: {_NAMELESS}")
        return bool(info.size > 0 or PARQUET.search(info.base_name))

    def _not_named(self, path: str) -> list[str]:
        """Return the file, and before it the folders that the source's path does not name; `*` names no hidden one."""
        folders, name = path.split("/")[:-1], path.rpartition("/")[2]
        named = self._inner.split("/")
        hidden_by_name = {number for number, part in enumerate(named) if part.startswith(("_", "."))}
        return [
            *(part for n, part in enumerate(folders) if n >= self._given and n not in hidden_by_name),
            name,
        ]

    def _name(self, info: pafs.FileInfo) -> str:
        return self._place.name_prefix + str(info.path)

    def _file(self, info: pafs.FileInfo) -> SourceFile:
        folder = info.path.rpartition("/")[0]
        if folder not in self._values:
            self._values[folder] = folder_values(self._relative(folder))
        return SourceFile(info.path, info.size, self._values[folder], self._place)


def _is_folder(info: pafs.FileInfo) -> bool:
    return bool(info.type == pafs.FileType.Directory)


def _location(path: str, filesystem: pafs.FileSystem, inner: str) -> Location:
    """Return what precedes `inner`, the path on its file system, in names as the user wrote `path`, and in URLs."""
    local = isinstance(filesystem, pafs.LocalFileSystem)
    url = "file:" if local else with_scheme(path).rstrip("/").removesuffix(inner)
    if "://" not in path:
        return Location(filesystem, "", url)
    return Location(filesystem, "file://" if local else path.rstrip("/").removesuffix(inner), url)


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
