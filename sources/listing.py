"""The source's data files: every one below `source.path`, by name, size and folder values, or an error that names it.

Lists; opens no file. What is hidden is what Spark hides (InMemoryFileIndex.shouldFilterOutPathName), and a data file
that is hidden so is an error: nothing is passed over in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

from pyarrow import fs as pafs

from core.errors import BadInput
from core.globs import is_glob, matcher
from core.urls import with_scheme
from sources.folders import folder_of, folder_values
from sources.tables import refuse_table, refuse_table_above

OpenFilesystem = Callable[[str], tuple[pafs.FileSystem, str]]
"""Gives the file system of a URL, and the URL's path within it."""

Values = Mapping[str, str | None]
Excluded = Callable[[Sequence[Values]], Sequence[bool]]
"""Says of folders, by their values so far, which hold no file that is wanted."""

_THREADS = 64  # listings are small and far away: the wait is for the network
_PARQUET = re.compile(r"\.(parquet|parq|pq)$", re.IGNORECASE)
_TEMPORARY = re.compile(r"^(_temporary|\.spark-staging.*|\.Trash.*|\.\$.*|\..*\.tmp)$")
_NO_DATA = re.compile(
    r"_\$folder\$$|^(readme|license|notice|changelog)(\.(txt|md|rst|html))?$|\.(txt|md|manifest|crc|log|DS_Store)$"
    r"|^(manifest|manifest\.json|Thumbs\.db|desktop\.ini)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A data file. `name` is its URL or path as the user wrote the source, `url` as Spark takes it.

    `path` is the file's on `filesystem`; `values` are those of its `key=value` folders.
    """

    name: str
    url: str
    path: str
    size: int
    values: Values
    filesystem: pafs.FileSystem


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
        BadInput: a path is missing or holds no Parquet file, a folder is a table's, a data file is hidden or is in
            two of the paths, or a name is one that Spark can't read.
    """
    listings = [_Listed(path, open_filesystem) for path in paths]
    found = [(listed, listed.find(excluded)) for listed in listings]
    files = list(chain.from_iterable(each for _, each in found))
    samples = list(chain.from_iterable(listed.samples() for listed in listings))
    for listed, each in found:
        if not each and not listed.excluded:
            raise BadInput(f"source.path {listed.path}: there is no Parquet file in it.")
    _check_once(files)
    passed_over = chain.from_iterable(listed.passed_over for listed in listings)
    return Listing(tuple(files), tuple(passed_over), tuple(samples))


def check_paths(paths: Sequence[str], open_filesystem: OpenFilesystem) -> None:
    """See that each path is there, and is no table's folder; list nothing below it. Raises as `list_files` does."""
    for path in paths:
        _Listed(path, open_filesystem).check()


class _Listed:
    """One path of the source, as it is listed."""

    def __init__(self, path: str, open_filesystem: OpenFilesystem) -> None:
        self.path = path
        self.passed_over: list[str] = []
        self.excluded: list[str] = []
        self._values: dict[str, Values] = {}
        self._filesystem, inner = open_filesystem(path)
        self._inner = inner.rstrip("/")
        self._below = matcher(self._inner)
        self._prefix = path.rstrip("/").removesuffix(self._inner) if "://" in path else ""
        url = with_scheme(path).rstrip("/")
        self._url_prefix = url.removesuffix(self._inner) if url.endswith(self._inner) else "file:"
        base = folder_of(path).rstrip("/")
        self._base = base.removeprefix(self._url_prefix)

    def find(self, excluded: Excluded | None) -> list[SourceFile]:
        """List the data files, sorted."""
        start = self.check()
        try:
            found = [start] if start.is_file else list(self._walk(start.path, excluded))
        except OSError as error:
            raise self._unlisted(error) from None
        refuse_table(self.path, [info.path for info in found])
        files = [self._file(info) for info in found if self._is_data(info)]
        return sorted(files, key=lambda file: file.path)

    def check(self) -> pafs.FileInfo:
        """Return the folder or file to begin with."""
        try:
            start = self._start()
            refuse_table_above(self.path, self._filesystem, start.path)
        except OSError as error:
            raise self._unlisted(error) from None
        return start

    def _unlisted(self, error: OSError) -> BadInput:
        return BadInput(f"source.path {self.path}: can't be listed: {_first_line(error)}")

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
        if start == self._inner and is_glob(start):  # a name that looks like a pattern, and exists
            self._below = matcher(re.sub(r"([*?\[{\\])", r"\\\1", start))
        info = self._filesystem.get_file_info(start or "/")
        if info.type == pafs.FileType.NotFound:
            raise FileNotFoundError("there is nothing of this name")
        return info

    def _walk(self, start: str, excluded: Excluded | None) -> Iterator[pafs.FileInfo]:
        """Give the files below `start` that match the path; of hidden folders, those too."""
        if excluded is None:
            selector = pafs.FileSelector(start, recursive=True)
            yield from (info for info in self._filesystem.get_file_info(selector) if self._matches(info))
            return
        level = [start]
        with ThreadPoolExecutor(_THREADS) as pool:
            while level:
                entries = list(chain.from_iterable(pool.map(self._entries, level)))
                yield from (info for info in entries if self._matches(info))
                level = self._kept([info.path for info in entries if not info.is_file], excluded)

    def _entries(self, folder: str) -> list[pafs.FileInfo]:
        return list(self._filesystem.get_file_info(pafs.FileSelector(folder)))

    def _kept(self, folders: list[str], excluded: Excluded) -> list[str]:
        out = excluded([folder_values(self._relative(folder)) for folder in folders])
        self.excluded += [folder for folder, each in zip(folders, out, strict=True) if each]
        return [folder for folder, each in zip(folders, out, strict=True) if not each]

    def _matches(self, info: pafs.FileInfo) -> bool:
        return bool(info.is_file) and self._below(info.path) is not None

    def _relative(self, path: str) -> str:
        """Return a folder's path below the one from which columns count."""
        return path.removeprefix(self._base).strip("/")

    def _is_data(self, info: pafs.FileInfo) -> bool:
        """Say whether a file is read; raise for one whose name is both a data file's and hidden.

        Empty objects stand for folders on S3; an empty .parquet is a failed upload.
        """
        rest = (self._below(info.path) or info.base_name).split("/")
        if any(_is_hidden(part) for part in rest):
            self._check_hidden(info, rest)
            return False
        if _NO_DATA.search(info.base_name):
            self.passed_over.append(info.base_name)
            return False
        if "//" in info.path:
            raise BadInput(
                f"source file {self._prefix + info.path}: Spark can't read a name with //; rename it."
            )
        return bool(info.size > 0 or _PARQUET.search(info.base_name))

    def _check_hidden(self, info: pafs.FileInfo, parts: Sequence[str]) -> None:
        if _PARQUET.search(info.base_name) and not any(_TEMPORARY.match(part) for part in parts):
            raise BadInput(
                f"source file {self._prefix + info.path}: its name, or its folder's, begins with _ or . and so says "
                "that it is no data; rename it, or move it out of source.path."
            )

    def _file(self, info: pafs.FileInfo) -> SourceFile:
        folder = info.path.rpartition("/")[0]
        if folder not in self._values:
            self._values[folder] = folder_values(self._relative(folder))
        name, url = self._prefix + info.path, self._url_prefix + info.path
        return SourceFile(name, url, info.path, info.size, self._values[folder], self._filesystem)


def _is_hidden(name: str) -> bool:
    """Apply Spark's rule: a folder `_key=value` is not hidden."""
    return name.startswith(".") or (name.startswith("_") and "=" not in name) or name.endswith("._COPYING_")


def _check_once(files: Sequence[SourceFile]) -> None:
    seen: set[str] = set()
    for file in files:
        path = file.path if isinstance(file.filesystem, pafs.LocalFileSystem) else f"s3:{file.path}"
        if path in seen:
            raise BadInput(f"source.path: {file.name} is in two of the paths; let only one of them reach it.")
        seen.add(path)


def _first_line(error: BaseException) -> str:
    return f"{(str(error).strip() or type(error).__name__).splitlines()[0]}"
