"""Guess which column of a log is which part of an event, from names, types and the bounds of times. Pure.

Each guess comes with its reason, for the user to check. If several columns are equally likely, the first in
the log's own order is taken, and the reason names the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.types as pt

from core.suggestions import flat
from transforms.interactions_schema import MAX_METADATA_FIELDS, AvroType
from transforms.names import is_taken
from transforms.timestamps import PER_SECOND, PLAUSIBLE_SECONDS

NAMES: Mapping[str, tuple[str, ...]] = {
    "userId": ("userid", "user", "uid", "customerid", "customer", "visitorid", "memberid", "accountid", "profileid",
               "viewerid", "shopperid", "subscriberid"),
    "sessionId": ("sessionid", "session", "visitid", "sid", "sessionkey", "visit"),
    "itemId": ("itemid", "item", "productid", "product", "articleid", "article", "movieid", "videoid", "contentid",
               "trackid", "songid", "bookid", "listingid", "mediaid", "sku", "asin", "aid"),
    "eventType": ("eventtype", "event", "eventname", "interactiontype", "interaction", "behaviortype", "behavior",
                  "behaviour", "action", "actiontype", "activity", "type"),
    "sentAt": ("timestamp", "eventtimestamp", "eventtime", "sentat", "unixtime", "ts", "occurredat", "createdat",
               "datetime", "time", "date"),
    "eventId": ("eventid", "interactionid", "eventuuid"),
    "eventValue": ("eventvalue", "rating", "score", "stars", "value", "watchtime", "dwelltime"),
    "impression": ("impression", "impressions", "shownitems", "itemsshown", "displayeditems", "slate"),
    "recommendationId": ("recommendationid", "recid", "recommendation"),
    "eventAttributionSource": ("eventattributionsource", "attributionsource"),
}  # fmt: skip
"""The names of each part in logs, likeliest first, without case and underscores; no name is that of two parts."""

_TIME_WORDS = frozenset({"TS", "TIME", "TIMESTAMP", "DATETIME", "DATE", "AT", "EPOCH", "UNIXTIME", "WHEN"})
"""Words in the names of times that `NAMES` lacks: `ts_ms`, `purchased_at`, `eventTimeMillis`."""

_LITERALS = frozenset({"null", "true", "false"})

EXPLODED = "e"
"""The name of an element of an exploded list in the select list."""


@dataclass(frozen=True, slots=True)
class Guess:
    """An expression (and a time's unit), and why."""

    expr: str
    reason: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Guesses:
    """All guesses for a log. `parts`: by the mapping's key; `properties`: by schema field, each with its Avro type.

    `select`: the select list that unnests a nested log, empty for a flat one. `unused`: the columns that no
    part uses.
    """

    parts: dict[str, Guess] = field(default_factory=dict)
    properties: dict[str, tuple[Guess, AvroType]] = field(default_factory=dict)
    select: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


def guess(
    columns: Mapping[str, pa.DataType], bounds: Mapping[str, tuple[int, int]], folders: Sequence[str] = ()
) -> Guesses:
    """Guess from a log's columns, by name, and the minimum and maximum of its whole-number columns.

    `folders` are the columns that `key=value` folders add, all of them text. They sort files, so none is a
    property.

    A column of a list of structs that alone holds an item and a time, such as `events` of a session, is
    exploded; its fields are then called `e.<field>`, in `bounds` as in `columns` `<column>.<field>`.
    """
    columns = {name: pa.string() for name in folders} | dict(columns)
    nested = _nested(columns)
    if nested is None:
        return _flat({quoted(name): kind for name, kind in columns.items()}, bounds, (), folders)
    fields = {f"{EXPLODED}.{quoted(each.name)}": each.type for each in columns[nested].value_type}
    others = {quoted(name): kind for name, kind in columns.items() if name != nested}
    inner = {
        f"{EXPLODED}.{name.removeprefix(nested + '.')}": limits
        for name, limits in bounds.items()
        if name.startswith(nested + ".")
    }
    select = (f"explode({quoted(nested)}) as {EXPLODED}", *others)
    return _flat(others | fields, {**bounds, **inner}, select, folders)


def quoted(name: str) -> str:
    """Return a column's name as Spark SQL reads it."""
    plain = name.isascii() and name.isidentifier() and name.lower() not in _LITERALS
    return name if plain else f"`{name.replace('`', '``')}`"


def unit_of(kind: pa.DataType, limits: tuple[int, int] | None) -> tuple[str, str]:
    """Return a time's unit and the reason, from its type and, for whole numbers, its bounds."""
    if pt.is_timestamp(kind) or pt.is_date(kind):
        return "timestamp", f"its type is {kind}"
    if _is_name(kind):
        return "iso8601", "it is text"
    if not pt.is_integer(kind):
        return "seconds", "it is a number; check its unit"
    if limits is None:
        return "seconds", "the footer has no bounds for it; check its unit"
    for unit, per_second in PER_SECOND.items():
        earliest, end = (bound * per_second for bound in PLAUSIBLE_SECONDS)
        if earliest <= limits[0] < end:
            whole = "its values are" if limits[1] < end else "its minimum, not its maximum, is"
            return unit, f"{whole} between 1980 and 2100 when read as {unit}"
    return "seconds", "its minimum is between 1980 and 2100 in no unit; check it"


def _nested(columns: Mapping[str, pa.DataType]) -> str | None:
    if _first("itemId", columns):
        return None
    for name, kind in columns.items():
        if pt.is_list(kind) or pt.is_large_list(kind):
            inner = kind.value_type
            if pt.is_struct(inner) and _first("itemId", {each.name: each.type for each in inner}):
                return name
    return None


def _flat(
    columns: Mapping[str, pa.DataType],
    bounds: Mapping[str, tuple[int, int]],
    select: tuple[str, ...],
    folders: Sequence[str],
) -> Guesses:
    parts: dict[str, Guess] = {}
    for part in NAMES:
        if found := _first(part, columns):
            parts[part] = _explained(part, found, columns, bounds)
    if "sentAt" not in parts and (times := _times(columns, bounds, {each.expr for each in parts.values()})):
        parts["sentAt"] = _explained("sentAt", times, columns, bounds)
    taken = {each.expr for each in parts.values()} | {quoted(name) for name in folders}
    properties = _properties({name: kind for name, kind in columns.items() if name not in taken})
    used = taken | {each.expr for each, _ in properties.values()}
    return Guesses(parts, properties, select, tuple(name for name in columns if name not in used))


def _explained(
    part: str, found: Sequence[str], columns: Mapping[str, pa.DataType], bounds: Mapping[str, tuple[int, int]]
) -> Guess:
    expr = found[0]
    reason = f"by its name and type ({columns[expr]})"
    if len(found) > 1:
        reason += f"; {', '.join(found[1:])} would do too"
    if part != "sentAt":
        return Guess(expr, reason)
    unit, why = unit_of(columns[expr], bounds.get(expr.replace("`", "")))
    return Guess(expr, f"{reason}; the unit because {why}", unit)


def _first(part: str, columns: Mapping[str, pa.DataType]) -> list[str]:
    """Return the columns that may be `part`, likeliest first."""
    by_name: dict[str, list[str]] = {}
    for name, kind in columns.items():
        if _FITS[part](kind):
            by_name.setdefault(_bare(name), []).append(name)
    return [name for pattern in NAMES[part] for name in by_name.get(pattern, ())]


def _times(
    columns: Mapping[str, pa.DataType], bounds: Mapping[str, tuple[int, int]], taken: Iterable[str]
) -> list[str]:
    """Return the columns that may be a time by their type, or by a word of their name, likeliest first."""
    found: tuple[list[str], list[str], list[str]] = ([], [], [])
    for name, kind in columns.items():
        says_so = bool(_TIME_WORDS.intersection(field_name(name).split("_")))
        limits = bounds.get(name.replace("`", ""))
        if name in taken:
            continue
        if pt.is_timestamp(kind):
            found[0].append(name)
        elif says_so and pt.is_integer(kind) and limits and unit_of(kind, limits)[1].startswith("its values"):
            found[1].append(name)
        elif says_so and (pt.is_date(kind) or _is_name(kind)):
            found[2].append(name)
    return [name for each in found for name in each]


def _bare(name: str) -> str:
    return flat("".join(letter for letter in name.removeprefix(f"{EXPLODED}.") if letter.isalnum()))


def _properties(columns: Mapping[str, pa.DataType]) -> dict[str, tuple[Guess, AvroType]]:
    """Return the first columns of a type that a property can have, at most as many as a dataset has metadata fields."""
    found: dict[str, tuple[Guess, AvroType]] = {}
    for name, kind in columns.items():
        avro, schema_field = _avro(kind), field_name(name)
        if avro and schema_field and schema_field not in found and not is_taken(schema_field):
            found[schema_field] = (Guess(name, f"its type is {kind}"), avro)
    return dict(list(found.items())[:MAX_METADATA_FIELDS])


def field_name(column: str) -> str:
    """Return a schema field's name for a column: UPPER_SNAKE, letters and digits, or "" if nothing is left."""
    plain = column.removeprefix(f"{EXPLODED}.").strip("`")
    spaced = "".join(f"_{letter}" if letter.isupper() and plain[max(0, index - 1)].islower() else letter
                     for index, letter in enumerate(plain))  # fmt: skip
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in spaced).split()
    name = "_".join(words).upper()
    return name if name[:1].isalpha() else ""


def _avro(kind: pa.DataType) -> AvroType | None:
    tests: Iterable[tuple[Callable[[pa.DataType], bool], AvroType]] = (
        (_is_text, "string"),
        (pt.is_boolean, "boolean"),
        (pt.is_integer, "long"),
        (_is_number, "float"),
    )
    return next((avro for test, avro in tests if test(kind)), None)


def _is_text(kind: pa.DataType, *, as_bytes: bool = False) -> bool:
    """Return whether values are text. `as_bytes`: bytes count, too, as some writers declare text as bytes."""
    if pt.is_dictionary(kind):
        return _is_text(kind.value_type, as_bytes=as_bytes)
    is_bytes = pt.is_binary(kind) or pt.is_large_binary(kind) or pt.is_binary_view(kind)
    return bool(
        pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind) or (as_bytes and is_bytes)
    )


def _is_name(kind: pa.DataType) -> bool:
    return _is_text(kind, as_bytes=True)


def _is_id(kind: pa.DataType) -> bool:
    """Return whether values may be ids: pandas makes fractions of whole numbers as soon as one is missing."""
    return _is_name(kind) or _is_number(kind) or _is_uuid(kind)


def _is_uuid(kind: pa.DataType) -> bool:
    stored = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    return bool(pt.is_fixed_size_binary(stored))


def _is_time(kind: pa.DataType) -> bool:
    return _is_name(kind) or _is_number(kind) or bool(pt.is_timestamp(kind) or pt.is_date(kind))


def _is_number(kind: pa.DataType) -> bool:
    """Return whether values are numbers that Spark reads: not 16-bit floats."""
    fractional = pt.is_floating(kind) and not pt.is_float16(kind)
    return bool(pt.is_integer(kind) or fractional or pt.is_decimal(kind))


def _is_shown(kind: pa.DataType) -> bool:
    return _is_name(kind) or bool((pt.is_list(kind) or pt.is_large_list(kind)) and _is_id(kind.value_type))


_FITS: Mapping[str, Callable[[pa.DataType], bool]] = {
    "userId": _is_id,
    "sessionId": _is_id,
    "itemId": _is_id,
    "eventType": _is_name,
    "sentAt": _is_time,
    "eventId": _is_id,
    "eventValue": _is_number,
    "impression": _is_shown,
    "recommendationId": _is_name,
    "eventAttributionSource": _is_name,
}
