"""The columns of a Parquet file, from the schema in its footer.

Facts: Parquet's `parquet.thrift` (SchemaElement, LogicalType, ConvertedType) and `LogicalTypes.md`; lists
without an annotation or with two levels are read as Spark reads them (ParquetToSparkSchemaConverter).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sources.parquet.kinds import NULL, Kind, ListOf, MapOf, Scalar, Struct, Unreadable

_PHYSICAL = ("boolean", "int", "bigint", "timestamp", "float", "double", "binary", "binary")
_INT32, _INT64, _INT96, _BYTES, _FIXED = 1, 2, 3, 6, 7
_REPEATED = 2
_TYPE, _LENGTH, _REPETITION, _NAME, _CHILDREN, _CONVERTED, _SCALE, _PRECISION, _LOGICAL = (
    1, 2, 3, 4, 5, 6, 7, 8, 10
)  # fmt: skip
_OLD_NAMES = {
    0: "string", 1: "map", 2: "map", 3: "list", 4: "string", 5: "decimal", 6: "date", 7: "TIME", 8: "TIME",
    9: "millis", 10: "timestamp", 11: "uint8", 12: "uint16", 13: "uint32", 14: "uint64", 15: "int8", 16: "int16",
    17: "int32", 18: "int64", 19: "string", 20: "binary", 21: "INTERVAL",
}  # fmt: skip
"""ConvertedType, by its meaning here."""

_NEW_NAMES = {
    1: "string", 2: "map", 3: "list", 4: "string", 5: "decimal", 6: "date", 7: "TIME", 8: "timestamp", 10: "integer",
    11: "null", 12: "string", 13: "binary", 14: "uuid", 15: "FLOAT16", 16: "VARIANT", 17: "GEOMETRY", 18: "GEOGRAPHY",
}  # fmt: skip
"""LogicalType, by its meaning here."""

UNKNOWN_TYPE = "of an unknown logical type"
NEW_TYPES = ("FLOAT16", "VARIANT", "GEOMETRY", "GEOGRAPHY", UNKNOWN_TYPE)
"""Types that older Sparks do not know: they can't open a file with one."""

NAMED_TWICE = "one of several columns whose names differ only in case"
NAMED_AS_ROW_NUMBER = "named like Spark's own column for row numbers"
BAD_NAMES = (NAMED_TWICE, NAMED_AS_ROW_NUMBER)
"""Columns whose names alone keep Spark from reading them."""

_ROW_NUMBER = "_tmp_metadata_row_index"

_INTEGERS = {
    "int8": "tinyint", "int16": "smallint", "int32": "int", "int64": "bigint",
    "uint8": "smallint", "uint16": "int", "uint32": "bigint", "uint64": "decimal(20,0)",
}  # fmt: skip
"""Spark has no unsigned integers: the next wider type holds them."""

_MAX_DIGITS = 38
_MAX_LONG_DIGITS = 18
_UUID_BYTES = 16
_MILLIS, _NANOS = 1, 3


def columns_of(elements: Sequence[Mapping[int, Any]]) -> dict[str, Kind]:
    """Return each column with its kind, in the file's order; `elements` is the footer's schema, depth first.

    Columns whose names differ only in case are unreadable: Spark can't tell them apart. So is a column with the name
    of the row number that Spark itself generates.

    Raises:
        ValueError: the elements don't form a tree.
    """
    walk = iter(elements)
    try:
        root = _group(next(walk), walk)
        if next(walk, None) is not None:
            raise ValueError("the footer's schema has elements that belong to no column")
    except StopIteration:
        raise ValueError("the footer's schema is cut off") from None
    return {
        name: Unreadable(NAMED_AS_ROW_NUMBER) if name == _ROW_NUMBER else kind for name, kind in root.fields
    }


def has_rare_decimals(elements: Sequence[Mapping[int, Any]]) -> bool:
    """Return whether a column has decimals that fit into a long, stored as bytes of any length.

    Spark's vectorized reader fails on those; Avro's converter writes them so, and with it Kafka Connect and Sqoop.
    """
    return any(_is_rare_decimal(element) for element in elements)


def _is_rare_decimal(element: Mapping[int, Any]) -> bool:
    if element.get(_TYPE) != _BYTES:
        return False
    meaning, details = _meaning(element)
    return meaning == "decimal" and details.get(2, element.get(_PRECISION, 0)) <= _MAX_LONG_DIGITS


def _group(element: Mapping[int, Any], walk: Iterator[Mapping[int, Any]]) -> Struct:
    fields = [_field(next(walk), walk) for _ in range(element.get(_CHILDREN, 0))]
    times = Counter(name.lower() for name, _ in fields)
    twice = Unreadable(NAMED_TWICE)
    return Struct(tuple((name, kind if times[name.lower()] == 1 else twice) for name, kind in fields))


def _field(element: Mapping[int, Any], walk: Iterator[Mapping[int, Any]]) -> tuple[str, Kind]:
    """Return a field's name and kind; a repeated field outside of a list is a list of its own."""
    name = _name(element)
    kind = _annotated(element, walk) if element.get(_CHILDREN) else _leaf(element)
    return name, ListOf(kind) if element.get(_REPETITION) == _REPEATED else kind


def _annotated(element: Mapping[int, Any], walk: Iterator[Mapping[int, Any]]) -> Kind:
    meaning, _ = _meaning(element)
    if meaning not in ("list", "map"):
        group = _group(element, walk)
        return group if meaning is None else Unreadable(meaning)
    children = [_child(meaning, walk) for _ in range(element[_CHILDREN])]
    if len(children) != 1 or not children[0][1]:
        return Unreadable(f"malformed {meaning.upper()}")
    child, _, content = children[0]
    return _list(_name(element), child, content) if meaning == "list" else _map(content)


def _child(parent: str, walk: Iterator[Mapping[int, Any]]) -> tuple[str, bool, Kind]:
    """Return a child's name, whether it is repeated, and its kind: a struct if it is a group.

    The group within a map may be annotated as a map itself (MAP_KEY_VALUE), but is not one.
    """
    child = next(walk)
    if not child.get(_CHILDREN):
        content = _leaf(child)
    else:
        content = _group(child, walk) if parent == "map" else _annotated(child, walk)
    return _name(child), child.get(_REPETITION) == _REPEATED, content


def _list(parent: str, child: str, content: Kind) -> Kind:
    """Apply the rules for lists of two levels: Parquet's LogicalTypes.md, backward compatibility."""
    if not isinstance(content, Struct) or len(content.fields) > 1:
        return ListOf(content)
    if child in ("array", f"{parent}_tuple"):
        return ListOf(content)
    return ListOf(content.fields[0][1])


def _map(content: Kind) -> Kind:
    if not isinstance(content, Struct) or len(content.fields) != 2:  # noqa: PLR2004 - a key and a value
        return Unreadable("MAP without values")
    (_, key), (_, value) = content.fields
    return MapOf(key, value)


def _leaf(element: Mapping[int, Any]) -> Kind:
    physical = element.get(_TYPE)
    if physical is None or not 0 <= physical < len(_PHYSICAL):
        return Unreadable("group without fields" if physical is None else "unknown physical type")
    meaning, details = _meaning(element)
    if meaning is None or (meaning, physical) in (("int32", _INT32), ("int64", _INT64)):
        return Scalar(_PHYSICAL[physical])
    if meaning == "decimal":
        return _decimal(element, details)
    if meaning in ("timestamp", "millis"):
        return _timestamp(physical, {2: {_MILLIS: {}}} if meaning == "millis" else details)
    return _plain(meaning, physical, element)


def _plain(meaning: str, physical: int, element: Mapping[int, Any]) -> Kind:
    if meaning in _INTEGERS and physical in (_INT32, _INT64):
        return Scalar(_INTEGERS[meaning])
    if meaning in ("string", "binary") and physical in (_BYTES, _FIXED):
        return Scalar(meaning if physical == _BYTES else "binary")
    if meaning == "date" and physical == _INT32:
        return Scalar("date")
    if meaning == "uuid" and physical == _FIXED and element.get(_LENGTH) == _UUID_BYTES:
        return Scalar("uuid")
    if meaning == "null":  # all its values are null; pyarrow stores none of them as 32-bit integers
        return NULL if physical == _INT32 else Scalar(_PHYSICAL[physical])
    return Unreadable(meaning)


def _decimal(element: Mapping[int, Any], details: Mapping[int, Any]) -> Kind:
    scale, precision = details.get(1, element.get(_SCALE, 0)), details.get(2, element.get(_PRECISION, 0))
    if not 0 < precision <= _MAX_DIGITS or not 0 <= scale <= precision:
        return Unreadable(f"DECIMAL({precision},{scale})")
    return Scalar(f"decimal({precision},{scale})")


def _timestamp(physical: int, details: Mapping[int, Any]) -> Kind:
    if physical != _INT64:
        return Unreadable("TIMESTAMP not stored as a 64-bit integer")
    unit = details.get(2, {})
    if _NANOS in unit:
        return Scalar("nanos")
    name = "millis" if _MILLIS in unit else "timestamp"
    return Scalar(name if details.get(1, True) else f"{name}_ntz")


def _meaning(element: Mapping[int, Any]) -> tuple[str | None, Mapping[int, Any]]:
    """Return the element's annotation and its details; a logical type outranks the old one."""
    if _LOGICAL in element:
        logical: Mapping[int, Any] = element[_LOGICAL]
        number = next(iter(logical), 0)
        details: Mapping[int, Any] = logical.get(number, {})
        name = _NEW_NAMES.get(number, UNKNOWN_TYPE)
        if name == "integer":
            name = f"{'int' if details.get(2, True) else 'uint'}{details.get(1, 0)}"
        return name, details
    return _OLD_NAMES.get(element[_CONVERTED]) if _CONVERTED in element else None, {}


def _name(element: Mapping[int, Any]) -> str:
    return bytes(element.get(_NAME, b"")).decode("utf-8", "replace")
