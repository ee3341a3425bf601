"""One layout for many: columns matched by name, each of the narrowest kind that holds all files' values.

Only lossless widening is done. Kinds without a common one are a `Clash`; whether that matters depends on
the columns in use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from sources.parquet.kinds import BINARY, DOUBLE, NULL, Clash, Kind, ListOf, MapOf, Scalar, Struct

_DIGITS = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 19}
_WIDER = list(_DIGITS)
_IN_FLOAT, _IN_DOUBLE = _WIDER[:2], _WIDER[:3]
TIMES = ("date", "timestamp_ntz", "millis_ntz", "nanos", "millis", "timestamp")
_IN_ZONE = {"nanos", "millis", "timestamp"}
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_MAX_DIGITS = 38
_PAIRS = {
    frozenset(("float", "double")): DOUBLE,
    frozenset(("string", "binary")): BINARY,
    frozenset(("string", "uuid")): Scalar("string"),
    **{frozenset((whole, "float")): Scalar("float") for whole in _IN_FLOAT},
    frozenset(("int", "float")): DOUBLE,
    **{frozenset((whole, "double")): DOUBLE for whole in _IN_DOUBLE},
}


def merged(layouts: Iterable[Mapping[str, Kind]]) -> dict[str, Kind]:
    """Return the columns of all layouts in the order in which they first appear, under their first spelling."""
    columns: dict[str, Kind] = {}
    spelled: dict[str, str] = {}
    for layout in layouts:
        for name, kind in layout.items():
            known = spelled.setdefault(name.lower(), name)
            columns[known] = merge(columns.get(known, NULL), kind)
    return columns


def merge(one: Kind, other: Kind) -> Kind:
    """Return the narrowest kind that holds the values of both, with a `Clash` where there is none."""
    if NULL in (one, other) or one == other:
        return other if one == NULL else one
    if isinstance(one, Scalar) and isinstance(other, Scalar):
        return _wider(one, other) or Clash(one, other)
    if isinstance(one, ListOf) and isinstance(other, ListOf):
        return ListOf(merge(one.element, other.element))
    if isinstance(one, MapOf) and isinstance(other, MapOf):
        return MapOf(merge(one.key, other.key), merge(one.value, other.value))
    if isinstance(one, Struct) and isinstance(other, Struct):
        return Struct(tuple(merged((dict(one.fields), dict(other.fields))).items()))
    return one if isinstance(one, Clash) else Clash(one, other)


def clashes(name: str, kind: Kind) -> Iterator[tuple[tuple[str, ...], Kind]]:
    """Yield the path of each part of a column that can't be read, with its `Clash` or `Unreadable`."""
    yield from _clashes((name,), kind)


def without(kind: Kind, paths: Iterable[tuple[str, ...]]) -> Kind | None:
    """Return the kind without the fields at these paths within it; None if nothing is left of it."""
    left: Kind | None = kind
    for path in paths:
        left = _without(left, path)
    return left


def at(kind: Kind | None, path: tuple[str, ...]) -> Kind | None:
    """Return the kind at a path within a kind; None if it has no such field."""
    for name in path:
        inner = _inside(kind)
        kind = inner.get(name) if isinstance(inner, Struct) else None
    return _inside(kind) if path else kind


def _wider(one: Scalar, other: Scalar) -> Scalar | None:
    names = (one.name, other.name)
    if all(name in _DIGITS for name in names):
        return Scalar(max(names, key=_WIDER.index))
    if all(name in TIMES for name in names):
        return Scalar("timestamp_ntz" if _IN_ZONE.isdisjoint(names) else "timestamp")
    return _PAIRS.get(frozenset(names)) or _decimal(names)


def _decimal(names: tuple[str, str]) -> Scalar | None:
    """Return the decimal that holds two decimals, or a decimal and a whole number."""
    sizes = [_size(name) for name in names]
    if None in sizes:
        return None
    whole, scale = (max(size[index] for size in sizes if size) for index in (0, 1))
    return Scalar(f"decimal({whole + scale},{scale})") if whole + scale <= _MAX_DIGITS else None


def _size(name: str) -> tuple[int, int] | None:
    """Return the digits before and after the point."""
    if name in _DIGITS:
        return _DIGITS[name], 0
    found = _DECIMAL.fullmatch(name)
    return (int(found[1]) - int(found[2]), int(found[2])) if found else None


def _clashes(path: tuple[str, ...], kind: Kind) -> Iterator[tuple[tuple[str, ...], Kind]]:
    if isinstance(kind, Struct):
        for name, inner in kind.fields:
            yield from _clashes((*path, name), inner)
    elif isinstance(kind, ListOf):
        yield from _clashes(path, kind.element)
    elif isinstance(kind, MapOf):
        yield from _clashes(path, kind.key)
        yield from _clashes(path, kind.value)
    elif not isinstance(kind, Scalar):
        yield path, kind


def _without(kind: Kind | None, path: tuple[str, ...]) -> Kind | None:
    if kind is None or not path:
        return None
    if isinstance(kind, ListOf):
        element = _without(kind.element, path)
        return None if element is None else ListOf(element)
    if isinstance(kind, MapOf):
        value = _without(kind.value, path)
        return None if value is None else MapOf(kind.key, value)
    if not isinstance(kind, Struct):
        return None
    first, rest = path[0], path[1:]
    kept = [(name, _without(inner, rest) if name == first else inner) for name, inner in kind.fields]
    fields = tuple((name, inner) for name, inner in kept if inner is not None)
    return Struct(fields) if fields else None


def _inside(kind: Kind | None) -> Kind | None:
    """Return what a list or a map contains, at any depth: paths pass through them."""
    while isinstance(kind, (ListOf, MapOf)):
        kind = kind.element if isinstance(kind, ListOf) else kind.value
    return kind
