"""A source's columns, with one of them as only some of the files have it.

An expression over these and over the columns of all files shows whether reading the files together changes its values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from sources.layout import Group, Layout
from sources.parquet.conversions import final_type
from sources.parquet.kinds import NANOS, NULL, Kind, ListOf, MapOf, Scalar, Struct
from sources.used_columns import Path, Used

_IN_NO_ZONE = Scalar("timestamp_ntz")
_DECIMAL = re.compile(r"decimal\(\d+,(\d+)\)")
_TEXTS = {
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint"), "digits"),
    **dict.fromkeys(("string", "binary", "uuid"), "itself"),
    **dict.fromkeys(("nanos", "millis", "timestamp", "millis_ntz", "timestamp_ntz"), "time"),
}


@dataclass(frozen=True, slots=True)
class Variant:
    """All columns, with the kind `own` at `path` that `file` and maybe others have; `whole` is that of all files."""

    path: Path
    own: Kind
    whole: Kind
    file: str
    columns: Mapping[str, Kind]

    @property
    def name(self) -> str:
        """Return the column's name, and those of the fields within it."""
        return ".".join(self.path)


def text_variants(layout: Layout, used: Used) -> list[Variant]:
    """Return a variant for each value in use whose own kind is cast to another text than the kind of all files."""
    found = {
        (path, own): _variant(layout, group, path, own, whole)
        for group, path, own, whole in _all_leaves(layout, used)
        if own != NULL and _text_of(own) != _text_of(whole)
    }
    return list(found.values())


def nanos_variants(layout: Layout, used: Used) -> list[Variant]:
    """Return a variant for each value in use in nanoseconds: it is marked by a type of its own, a time without zone."""
    found = {
        path: _variant(layout, group, path, _IN_NO_ZONE, whole)
        for group, path, own, whole in _all_leaves(layout, used)
        if own == NANOS
    }
    return list(found.values())


def empty_frame(spark: SparkSession, columns: Mapping[str, Kind]) -> DataFrame:
    """Return a frame of these columns, without a row."""
    fields = [T.StructField(name, final_type(kind)) for name, kind in columns.items()]
    return spark.createDataFrame([], T.StructType(fields))


def _all_leaves(layout: Layout, used: Used) -> Iterator[tuple[Group, Path, Kind, Kind]]:
    for group in layout.groups:
        for name, whole in layout.columns.items():
            for path, own, of_all in _leaves((name,), group.columns.get(name, whole), whole):
                if used.touches(path):
                    yield group, path, own, of_all


def _leaves(path: Path, own: Kind, whole: Kind) -> Iterator[tuple[Path, Kind, Kind]]:
    """Yield each value's path and its two kinds; of maps, those of their values."""
    if isinstance(own, ListOf) and isinstance(whole, ListOf):
        yield from _leaves(path, own.element, whole.element)
    elif isinstance(own, MapOf) and isinstance(whole, MapOf):
        yield from _leaves(path, own.value, whole.value)
    elif isinstance(own, Struct) and isinstance(whole, Struct):
        for name, inner in whole.fields:
            yield from _leaves((*path, name), own.get(name) or inner, inner)
    else:
        yield path, own, whole


def _variant(layout: Layout, group: Group, path: Path, own: Kind, whole: Kind) -> Variant:
    columns = {**layout.columns, path[0]: _replaced(layout.columns[path[0]], path[1:], own)}
    return Variant(path, own, whole, group.files[0].name, columns)


def _replaced(kind: Kind, path: Path, leaf: Kind) -> Kind:
    if isinstance(kind, ListOf):
        return ListOf(_replaced(kind.element, path, leaf))
    if isinstance(kind, MapOf):
        return MapOf(kind.key, _replaced(kind.value, path, leaf))
    if isinstance(kind, Struct):
        fields = (
            (name, _replaced(inner, path[1:], leaf) if name == path[0] else inner)
            for name, inner in kind.fields
        )
        return Struct(tuple(fields))
    return leaf


def _text_of(kind: Kind) -> str:
    """Return a name for how a kind is written as text: kinds of one name write equal values alike."""
    name = str(kind) if not isinstance(kind, Scalar) else kind.name
    decimal = _DECIMAL.fullmatch(name)
    if decimal:
        return "digits" if decimal[1] == "0" else f"{decimal[1]} digits after the point"
    return _TEXTS.get(name, name)
