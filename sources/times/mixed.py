"""A column that is a date in some files and a time in others: together they are times, and a date's text changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.errors import InputError
from sources.listing import SourceFile
from sources.parquet.kinds import Kind, Scalar, Struct
from sources.parquet.merging import TIMES, at
from sources.used_columns import Path

_DATE = Scalar("date")


def is_mixed(kinds: Mapping[Kind, Sequence[SourceFile]], path: Path) -> bool:
    """Return whether the values at `path` are dates in some files and times in others; `kinds`: the whole column's."""
    return len(_found(kinds, path)) > 1


def refusal(kinds: Mapping[Kind, Sequence[SourceFile]], path: Path) -> InputError:
    """Return an error with the column, both kinds, and a file of each."""
    (one, first), (other, second) = _found(kinds, path).values()
    name = ".".join(path)
    return InputError(
        f"source.path: the files differ in column {name}, which is mapped as text, and their texts would differ from "
        f"those of each file alone: {one} in {first}, {other} in {second}. Map date_format({name}, 'yyyy-MM-dd') or "
        "the like, or load each layout in a run of its own."
    )


def _found(kinds: Mapping[Kind, Sequence[SourceFile]], path: Path) -> dict[bool, tuple[Kind, str]]:
    """Return the kind and a file of the dates, if any, and of the times."""
    found: dict[bool, tuple[Kind, str]] = {}
    for own, files in kinds.items():
        inner = at(Struct(((path[0], own),)), path)
        if isinstance(inner, Scalar) and inner.name in TIMES:
            found.setdefault(inner == _DATE, (inner, files[0].name))
    return found
