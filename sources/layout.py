"""The source's one layout: the columns of all files together, and the groups of files that are read alike.

Built once, from the footers. Columns that differ between files and are not used are left out; a column that
is used and can't be read, or has two kinds without a lossless common one, is an error that names the file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.errors import InputError
from sources.folders import Values, spelled_once
from sources.listing import SourceFile
from sources.parquet.conversions import shaped_as
from sources.parquet.footers import FileFooter, Footers
from sources.parquet.kinds import DOUBLE, NULL, STRING, Clash, Kind, ListOf, Scalar, Unreadable
from sources.parquet.merging import at, clashes, merge, merged, without
from sources.parquet.schema_tree import BAD_NAMES
from sources.used_columns import Used
from sources.whole_structs import lacks_fields

MergesAs = Callable[[str, Kind, Sequence[SourceFile]], Kind]
"""Return the kind that a column is merged as, judged by its files' values: `null` if all are null."""

_MAX_GROUPS = 64
_FRACTIONS = (Scalar("float"), DOUBLE, ListOf(Scalar("float")), ListOf(DOUBLE))
_NULLS = (NULL, ListOf(NULL))


@dataclass(frozen=True, slots=True)
class Group:
    """Files that Spark reads with one schema: `columns` as they are in the files, `folders` by key in lower case."""

    files: tuple[SourceFile, ...]
    columns: Mapping[str, Kind]
    folders: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """The source's columns in order, the groups of its files, and their differences in a few words each.

    `incomplete`: the columns in which a file's structs lack fields that others have.
    """

    columns: Mapping[str, Kind]
    groups: tuple[Group, ...]
    differences: tuple[str, ...]
    incomplete: frozenset[str] = frozenset()


def lay_out(footers: Footers, used: Used, merges_as: MergesAs, doubtful: Collection[str] = ()) -> Layout:
    """Find the columns of a source, of which the job uses `used`.

    In a column whose kinds clash, or that is `doubtful`, the files in which all its values are null don't count.

    Raises:
        InputError: a column that is used is of a kind that Spark does not read, or of two kinds that clash; it names
            the column, the kinds and a file of each.
    """
    source = _Source(footers, merges_as)
    for name in doubtful:
        source.look_closer(name)
    source.leave_out_unreadable(used)
    groups = source.groups()
    if len(groups) > _MAX_GROUPS:
        source.leave_out_what_differs(used)
        groups = source.groups()
    return Layout(source.columns, groups, tuple(source.differences()), source.incomplete())


class _Alike(NamedTuple):
    """Files with one layout in folders of the same keys (in lower case), which are examined once."""

    layout: int
    keys: tuple[str, ...]
    files: list[SourceFile]


class _Source:
    """The source's files with rows, or all files if none has a row: an empty file never decides a type."""

    def __init__(self, footers: Footers, merges_as: MergesAs) -> None:
        filled = [footer for footer in footers.footers if footer.rows]
        self._alike, folders = _grouped(filled or footers.footers)
        self._layouts = [{name.lower(): kind for name, kind in layout.items()} for layout in footers.layouts]
        self._keys = {name.lower(): name for name in spelled_once(folders)}
        self._merges_as = merges_as
        self._counts_as: dict[tuple[str, Kind], Kind] = {}
        self._left_out: dict[str, str] = {}
        numbers = dict.fromkeys(each.layout for each in self._alike)
        self.columns = merged(footers.layouts[number] for number in numbers)
        self._spelled = {name.lower(): name for name in self.columns}
        for key, name in self._keys.items():
            if key not in self._spelled:
                self._spelled[key] = name
                self.columns[name] = STRING
        for key in self._keys:
            self._merge(key)

    def leave_out_unreadable(self, used: Used) -> None:
        """Leave out the columns that can't be read and are not used."""
        for name in list(self.columns):
            if any(used.touches(path) for path, _ in clashes(name, self.columns[name])):
                self.look_closer(name)
            unreadable = list(clashes(name, self.columns[name]))
            for path, kind in unreadable:
                if used.touches(path):
                    raise self._refusal(path, kind)
            if unreadable:
                self._drop(name, [path[1:] for path, _ in unreadable])

    def look_closer(self, name: str) -> None:
        """Check the values of each kind's files: a column that is null throughout clashes with nothing.

        Whole numbers of pandas become doubles as soon as one is missing: a double holds them, up to 2^53.
        """
        lower = name.lower()
        counts_as = {k: self._merges_as(name, k, files) for k, files in self._files_by_kind(lower).items()}
        filled = [kind for kind, counted in counts_as.items() if counted not in _NULLS]
        for kind, counted in counts_as.items():
            if counted == NULL or (_are_lists(counts_as) and counted in _NULLS) or _has_fraction(filled):
                self._counts_as[lower, kind] = counted
        self._merge(lower)

    def groups(self) -> tuple[Group, ...]:
        """Return files in groups whose columns are read as the same types."""
        members: dict[tuple[tuple[str, Kind], ...], list[SourceFile]] = defaultdict(list)
        for each in self._alike:
            members[tuple(self._as_read(each))] += each.files
        return tuple(self._group(dict(key), files) for key, files in members.items())

    def leave_out_what_differs(self, used: Used) -> None:
        """Leave out the columns that are of several types and not used: each would double the groups."""
        for name in list(self.columns):
            if not used.touches((name,)) and len({self._shaped(each, name) for each in self._alike}) > 1:
                del self.columns[name]
                self._left_out[name] = "not read: its type differs in too many ways"

    def differences(self) -> Iterator[str]:
        """Describe the differences of each column in which files differ."""
        total = sum(len(each.files) for each in self._alike)
        for lower, name in self._spelled.items():
            counts: dict[str, int] = defaultdict(int)
            for each in self._alike:
                counts[str(self._own(each, lower) or "missing")] += len(each.files)
            if len(counts) > 1 or name in self._left_out:
                yield f"{name} is {_counted(counts, total)}{self._fate(name)}"

    def incomplete(self) -> frozenset[str]:
        """Return the columns in which a file's structs lack fields."""
        kinds = {name: self._files_by_kind(name.lower()) for name in self.columns}
        return frozenset(
            name for name, own in kinds.items() if any(lacks_fields(kind, self.columns[name]) for kind in own)
        )

    def _fate(self, name: str) -> str:
        return f" ({self._left_out[name]})" if name in self._left_out else ""

    def _as_read(self, alike: _Alike) -> Iterator[tuple[str, Kind]]:
        for name in self.columns:
            if self._is_folders(alike, name.lower()):
                yield name, Unreadable("folder")  # a mark: not read from the file
            else:
                yield name, self._shaped(alike, name)

    def _group(self, kinds: Mapping[str, Kind], files: Sequence[SourceFile]) -> Group:
        folders = {name.lower(): name for name, kind in kinds.items() if kind == Unreadable("folder")}
        columns = {name: kind for name, kind in kinds.items() if name.lower() not in folders}
        return Group(tuple(files), columns, folders)

    def _shaped(self, alike: _Alike, name: str) -> Kind:
        own = self._layouts[alike.layout].get(name.lower())
        if own is not None and self._counts_as.get((name.lower(), own)) == NULL:
            own = NULL
        return shaped_as(own, self.columns[name])

    def _own(self, alike: _Alike, lower: str) -> Kind | None:
        """Return the kind of a file's own column or, where it has none, of its folder's."""
        own = self._layouts[alike.layout].get(lower)
        return STRING if own is None and self._is_folders(alike, lower) else own

    def _is_folders(self, alike: _Alike, lower: str) -> bool:
        """Return whether the folder gives a column its value: it has a key of this name, and the file no column."""
        if lower not in self._keys or lower in self._layouts[alike.layout]:
            return False
        return lower in alike.keys

    def _files_by_kind(self, lower: str) -> dict[Kind, list[SourceFile]]:
        files: dict[Kind, list[SourceFile]] = defaultdict(list)
        for alike in self._alike:
            kind = self._own(alike, lower)
            if kind is not None:
                files[kind] += alike.files
        return files

    def _merge(self, lower: str) -> None:
        kind: Kind = NULL
        for each in self._files_by_kind(lower):
            kind = merge(kind, self._counts_as.get((lower, each), each))
        self.columns[self._spelled[lower]] = kind

    def _drop(self, name: str, paths: Sequence[tuple[str, ...]]) -> None:
        kept = without(self.columns[name], paths)
        if kept is None:
            self._left_out[name] = "not read"
            del self.columns[name]
        else:
            self._left_out[name] = f"not read: {', '.join('.'.join(path) for path in paths)}"
            self.columns[name] = kept

    def _refusal(self, path: tuple[str, ...], kind: Kind) -> InputError:
        """Return an error with the column, its kind, and a file of each kind."""
        name = ".".join(path)
        found: dict[Kind, str] = {}
        for own, files in self._files_by_kind(path[0].lower()).items():
            if self._counts_as.get((path[0].lower(), own)) == NULL:
                continue
            for at_path, one in clashes(path[0], own):
                if isinstance(one, Unreadable) and _lower(at_path) == _lower(path):
                    remedy = "rename it" if one.name in BAD_NAMES else "write it as text or as a number"
                    return InputError(
                        f"source file {files[0].name}: column {name} is {one}, which can't be read. Map another "
                        f"column, or {remedy}."
                    )
            if inner := at(own, path[1:]):
                found.setdefault(inner, files[0].name)
        one, other = _clashing(found) or (kind, kind)
        return InputError(
            f"source.path: the files differ in column {name}: {one} in {found.get(one)}, {other} in "
            f"{found.get(other)}. Rewrite one, or load each layout in a run of its own."
        )


def _grouped(footers: Sequence[FileFooter]) -> tuple[list[_Alike], list[Values]]:
    """Return files in groups that are alike, in the order of the first of each, and one set of values of each."""
    alike: dict[tuple[int, tuple[str, ...]], _Alike] = {}
    folders: dict[tuple[str, ...], Values] = {}
    for footer in footers:
        spelled = tuple(footer.file.values)
        folders.setdefault(spelled, footer.file.values)
        key = (footer.layout, tuple(sorted(name.lower() for name in spelled)))
        alike.setdefault(key, _Alike(*key, [])).files.append(footer.file)
    return list(alike.values()), list(folders.values())


def _lower(path: Sequence[str]) -> list[str]:
    return [part.lower() for part in path]


def _are_lists(kinds: Collection[Kind]) -> bool:
    return all(isinstance(kind, ListOf) and isinstance(kind.element, Scalar) for kind in kinds)


def _has_fraction(kinds: Collection[Kind]) -> bool:
    """Return whether one of the kinds holds fractions, as all the others then will."""
    return not set(kinds).isdisjoint(_FRACTIONS)


def _clashing(found: Mapping[Kind, str]) -> tuple[Kind, Kind] | None:
    kinds = list(found)
    pairs = ((one, other) for index, one in enumerate(kinds) for other in kinds[index + 1 :])
    return next((pair for pair in pairs if isinstance(merge(*pair), Clash)), None) or (
        (kinds[0], kinds[1]) if len(kinds) > 1 else None
    )


def _counted(counts: Mapping[str, int], total: int) -> str:
    """Return `int in 3, bigint in 10 of 13 files`; omit the most frequent kind if the rest lack the column."""
    if "missing" in counts and len(counts) == 2:  # noqa: PLR2004 - it, and missing
        return f"missing in {counts['missing']:,} of {total:,} files"
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{kind} in {count:,}" for kind, count in counts.items()) + f" of {total:,} files"
