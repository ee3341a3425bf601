"""The instants of an Apache Hudi table, from the file names of its timeline. Reads no file but `hoodie.properties`.

Up to table version 6 the timeline is in `.hoodie/` itself, and a complete action is `<instant>.<action>`; from
version 8 on (layout 2) it is in `.hoodie/timeline/`, as `<instant>_<completion>.<action>`. An instant is the time at
which the action began, `yyyyMMddHHmmssSSS`, without milliseconds before Hudi 0.10 (InstantFileNameParserV1 and V2,
HoodieInstantTimeGenerator; https://hudi.apache.org/tech-specs-1point0/).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from pyarrow import fs as pafs

from core.errors import InputError

META = "_hoodie_"
"""The prefix of the columns that Hudi adds to each row (HoodieRecord.HOODIE_META_COLUMNS)."""

FOLDER = ".hoodie"
_PROPERTIES = "hoodie.properties"
_LAYOUT, _TIMELINE = "hoodie.timeline.layout.version", "hoodie.timeline.path"
_NESTED_LAYOUT = 2
_FILE = re.compile(r"(\d+)(?:_(\d+))?(?:\.(\w+))?\.(\w+)")
_COMMITS = ("commit", "deltacommit", "replacecommit")
_STATES = ("requested", "inflight")
_FORMATS = {17: "%Y%m%d%H%M%S%f", 14: "%Y%m%d%H%M%S"}


@dataclass(frozen=True, slots=True)
class Instant:
    """An action on the table: its digits as written, and the time when it was complete, if that is known."""

    digits: str
    time: datetime | None


@dataclass(frozen=True, slots=True)
class HudiTimeline:
    """The table's complete commits and those that are not, and its complete cleanings as file names; oldest first.

    `folder` is relative to the table's. Of the tables up to version 6, a pending `replacecommit` is in none of
    these: it may be a clustering, which changes no row.
    """

    folder: str
    commits: tuple[Instant, ...]
    pending: tuple[str, ...]
    cleanings: tuple[tuple[str, str], ...]
    """The instant of each with the name of its file."""


def read_timeline(label: str, filesystem: pafs.FileSystem, table: str) -> HudiTimeline:
    """Read the timeline of the table in the folder `table`; `label` names the source in errors.

    Raises:
        InputError: the table has no `hoodie.properties`, or a damaged one.
        OSError: a file or folder can't be read.
    """
    properties = _properties(label, filesystem, f"{table}/{FOLDER}/{_PROPERTIES}")
    layout = properties.get(_LAYOUT, "1")
    if not (layout.isascii() and layout.isdigit()):
        raise InputError(
            f"{label}: {FOLDER}/{_PROPERTIES} is damaged: {_LAYOUT} is not a number. Restore it."
        )
    is_nested = int(layout) >= _NESTED_LAYOUT
    folder = f"{FOLDER}/{properties.get(_TIMELINE) or 'timeline'}" if is_nested else FOLDER
    selector = pafs.FileSelector(f"{table}/{folder}", allow_not_found=True)
    names = sorted(info.base_name for info in filesystem.get_file_info(selector) if info.is_file)
    return timeline_of(folder, names, is_nested=is_nested)


def timeline_of(folder: str, names: Iterable[str], *, is_nested: bool) -> HudiTimeline:
    """Return the timeline that the file names in `folder` describe; `is_nested`: of layout 2."""
    commits: dict[str, Instant] = {}
    begun: set[str] = set()
    cleanings = []
    for name, instant, completion, words in _parsed(names):
        if words[-1] in _COMMITS:
            commits[instant] = Instant(instant, _time(completion or instant))
        elif words == ("clean",):
            cleanings.append((instant, name))
        elif _is_pending_commit(words, is_nested=is_nested):
            begun.add(instant)
    # Shorter digits are those without milliseconds: Hudi compares instants as text.
    pending = tuple(sorted(begun - commits.keys()))
    return HudiTimeline(
        folder, tuple(commits[each] for each in sorted(commits)), pending, tuple(sorted(cleanings))
    )


def _parsed(names: Iterable[str]) -> Iterator[tuple[str, str, str | None, tuple[str, ...]]]:
    """Yield each file of the timeline: name, instant, completion, and words such as `commit` and `requested`."""
    for name in names:
        found = _FILE.fullmatch(name)
        if found:
            words = tuple(word for word in (found[3], found[4]) if word)
            yield name, found[1], found[2], words


def _is_pending_commit(words: tuple[str, ...], *, is_nested: bool) -> bool:
    """Return whether a file is of a commit that is not complete; a commit in flight is written without its name."""
    if words == ("inflight",):
        return True
    action, state = words[0], words[-1]
    named = _COMMITS if is_nested else _COMMITS[:2]
    return len(words) > 1 and state in _STATES and action in named


def _time(digits: str) -> datetime | None:
    """Return the time of an instant; None for the digits of a bootstrap, `00000000000001`.

    Instants are in the zone of `hoodie.table.timeline.timezone`: UTC or, by default, that of the writer's machine. No
    file names that zone, so UTC is assumed.
    """
    try:
        return datetime.strptime(digits, _FORMATS[len(digits)]).replace(tzinfo=UTC)
    except (KeyError, ValueError):
        return None


def _properties(label: str, filesystem: pafs.FileSystem, path: str) -> dict[str, str]:
    """Read a file of Java's properties, as far as Hudi writes them: `key=value`."""
    try:
        with filesystem.open_input_file(path) as stream:
            text = bytes(stream.read()).decode("utf-8", "replace")
    except FileNotFoundError:
        raise InputError(
            f"{label}: {FOLDER}/ has no {_PROPERTIES}, without which no Hudi table can be read. Restore it, or "
            "name the table's own folder."
        ) from None
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {key.strip(): value.strip() for key, _, value in pairs}
