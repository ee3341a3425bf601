"""Shaping: from rows of any form to events in the form that suites see and PutEvents takes.

It maps, casts, and writes JSON and ids; it drops only the rows outside the time window. Each step is one
projection: what several later columns need is computed once, by an earlier step.

`_source` (the whole row), `_value_<name>` (mapped expressions) → `userId`, `_at_micros` → the window →
derived sessions → typed event columns → `_properties`, `eventId` → `_body`, `_envelope` → `_body_bytes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from core.columns import EVENT_COLUMNS
from core.errors import InputError
from core.event_window import Window
from transforms.event_id import Part, content_id
from transforms.event_json import envelope, event_body
from transforms.expressions import resolve
from transforms.identity import identity
from transforms.impression import impression_identity, impression_ids, impression_sizes, joined
from transforms.interactions_schema import AvroType
from transforms.mapping import MappingSettings, SessionSettings
from transforms.properties import UNREADABLE_PREFIX, MappedProperty, properties_json
from transforms.properties_plan import Property
from transforms.scalars import id_text, is_no_text, is_unreadable, present, read_as
from transforms.sessions import LANE, derive
from transforms.timestamps import is_within, may_be_within, to_micros, to_seconds, unit_instead

SOURCE = "_source"
"""The struct column that holds the whole source row. No key of a property begins with `_`: one may be `source`."""

UNIT_INSTEAD = "_unit_instead"
"""The numeric unit that would make the time plausible where the configured one does not. See `timestamps`."""

NO_TEXT = "_no_text"
"""The mapping's key of an event's first value that is not valid UTF-8, ids first; null in nearly every row."""

_VALUE_PREFIX = "_value_"
_TEXTS = ("eventType", "itemId", "recommendationId", "eventAttributionSource")
_ALL_TEXTS = ("userId", "sessionId", "eventId", *_TEXTS)
_HELPERS = (
    "_properties",
    "_body",
    "_body_bytes",
    "_envelope",
    "_at_micros",
    "_impression_size",
    "_impression_chars",
    "_impression_long_ids",
    "_impression_bad_ids",
    UNREADABLE_PREFIX + "eventValue",
    UNIT_INSTEAD,
    NO_TEXT,
)


def shape(
    rows: DataFrame,
    mapping: MappingSettings,
    properties: Sequence[Property],
    session: SessionSettings,
    *,
    partitions: int,
    window: Window = Window(),  # noqa: B008 - a frozen value without bounds
    value_type: AvroType = "double",
) -> DataFrame:
    """Return an event for each row whose time is in `window` or can't be read.

    `value_type`: the type that `eventValue` must be readable as: with int or long, a fraction is not. The column is a
    double in any case.

    The result has the event columns (`EVENT_COLUMNS`), one column for each property under its key,
    the helper columns (`_properties`, `_body`, `_envelope`, `_body_bytes`, `_at_micros`, `_impression_…`,
    `_unreadable_<key>`, `_unit_instead`, `_no_text`) and `_source`. Fields that nothing maps are typed
    nulls. If sessions are derived by gap, the rows are gathered by user in `partitions` partitions and have
    `_lane`.

    Raises:
        InputError: an expression can't be used, or source columns can't be kept.
    """
    _check_columns(rows)
    values = _values(rows, mapping, properties)
    known = _Values({field.name: field.dataType for field in values.schema})
    mapped = [MappedProperty(plan, *known.get(plan.key)) for plan in properties]
    events = _timed(values, known, mapping.sent_at.unit, window)
    events = _with_session(events, known, mapping, session, partitions)
    events = _typed(events, known, mapped, value_type)
    events = _identified(events, known, mapped, session_is_mapped=mapping.session_id is not None)
    return _written(events, properties)


def times(rows: DataFrame, mapping: MappingSettings, window: Window) -> DataFrame:
    """Return the times, in seconds, of the rows whose time is in `window`: one column, and nothing else is read.

    Raises:
        InputError: an expression can't be used.
    """
    expr, unit = mapping.expressions()["sentAt"], mapping.sent_at.unit
    read = rows.select(resolve(rows, expr, "mapping.sentAt").alias("_value"))
    present_only = read.select(present(F.col("_value"), read.schema["_value"].dataType).alias("_value"))
    value, kind = F.col("_value"), present_only.schema["_value"].dataType
    in_reach = present_only.where(may_be_within(value, unit, kind, window))
    micros = in_reach.select(to_micros(value, unit, kind).alias("_at_micros"))
    return micros.where(is_within(F.col("_at_micros"), window)).select(
        to_seconds(F.col("_at_micros")).alias("sentAt")
    )


@dataclass(frozen=True, slots=True)
class _Values:
    """The columns of mapped values with their types; a value that is not mapped is a null without a type."""

    types: Mapping[str, T.DataType]

    def get(self, name: str) -> tuple[Column, T.DataType]:
        column = _VALUE_PREFIX + name
        return (F.col(column), self.types[column]) if column in self.types else (F.lit(None), T.NullType())

    def text(self, name: str) -> Column:
        return id_text(*self.get(name), f"mapping.{name}")

    def identity(self, name: str) -> Column:
        value, kind = self.get(name)
        return identity(value, F.col(name), kind)

    def no_text(self, mapped: Sequence[MappedProperty], joined_ids: Column) -> Column:
        """Return the name of the first part that is not valid text, though it should be; a string.

        Joined by a plain character, the ids of an impression are valid if and only if each of them is.
        """
        shown, kind = self.get("impression")
        ids = (joined_ids, T.StringType()) if _is_array_of_text(kind) else (shown, kind)
        parts = [(name, is_no_text(*self.get(name))) for name in _ALL_TEXTS]
        parts += [("impression", is_no_text(*ids))]
        parts += [
            (f"properties.{each.plan.field}", each.no_text()) for each in mapped if each.plan.type == "string"
        ]
        return F.coalesce(*(F.when(is_bad, name) for name, is_bad in parts))


def _is_array_of_text(kind: T.DataType) -> bool:
    return isinstance(kind, T.ArrayType) and isinstance(kind.elementType, (T.StringType, T.BinaryType))


def _check_columns(rows: DataFrame) -> None:
    """Refuse rows that could not be written again as they are, to `rejected/`."""
    twice = [name for name, times in Counter(name.lower() for name in rows.columns).items() if times > 1]
    if twice:
        raise InputError(
            f"source: two columns are named {twice[0]}, ignoring case. Rename one in source.select."
        )
    for name, kind in rows.dtypes:
        if kind in ("void", "interval"):
            raise InputError(f"source: Parquet can't hold column {name} ({kind}). Cast it in source.select.")


def _values(rows: DataFrame, mapping: MappingSettings, properties: Sequence[Property]) -> DataFrame:
    """Evaluate every mapped expression over the raw columns, next to the whole row: no two names can clash."""
    mapped = [(name, expr, f"mapping.{name}") for name, expr in mapping.expressions().items()]
    mapped += [(plan.key, plan.expr, f"mapping.properties.{plan.field}") for plan in properties]
    columns = [resolve(rows, expr, where).alias(_VALUE_PREFIX + name) for name, expr, where in mapped]
    types = rows.select(*columns).schema
    columns = [
        present(column, field.dataType).alias(field.name)
        for column, field in zip(columns, types, strict=True)
    ]
    return rows.select(F.struct("*").alias(SOURCE), *columns)


def _timed(values: DataFrame, known: _Values, unit: str | None, window: Window) -> DataFrame:
    """Read the time and keep the window's rows; the bound on the raw column is for the Parquet scan."""
    sent_at = known.get("sentAt")
    micros = to_micros(sent_at[0], unit, sent_at[1])
    in_reach = values.where(may_be_within(sent_at[0], unit, sent_at[1], window))
    instead = unit_instead(sent_at[0], unit, sent_at[1])
    timed = in_reach.withColumns(
        {"userId": known.text("userId"), "_at_micros": micros, UNIT_INSTEAD: instead}
    )
    return timed.where(is_within(F.col("_at_micros"), window))


def _with_session(
    events: DataFrame, known: _Values, mapping: MappingSettings, session: SessionSettings, partitions: int
) -> DataFrame:
    if mapping.session_id is None:
        return derive(events, session, partitions)
    return events.withColumn("sessionId", known.text("sessionId"))


def _typed(
    events: DataFrame, known: _Values, mapped: Sequence[MappedProperty], value_type: AvroType
) -> DataFrame:
    """Cast to the types of the event and of the schema."""
    value = read_as(*known.get("eventValue"), value_type, "mapping.eventValue")
    return events.withColumns(
        {name: known.text(name) for name in _TEXTS}
        | {"sentAt": to_seconds(F.col("_at_micros"))}
        | {"eventValue": value.cast("double")}
        | {"impression": impression_ids(*known.get("impression"))}
        | {one.key: one.typed() for one in mapped}
    )


def _identified(
    events: DataFrame, known: _Values, mapped: Sequence[MappedProperty], *, session_is_mapped: bool
) -> DataFrame:
    """Add what the checks need of each conversion and of the text, the properties' JSON, and the event id."""
    value_is_lost = is_unreadable(known.get("eventValue")[0], F.col("eventValue"))
    events = events.withColumns(
        {UNREADABLE_PREFIX + one.key: one.unreadable() for one in mapped}
        | {UNREADABLE_PREFIX + "eventValue": value_is_lost}
        | {"_properties": properties_json([one.plan for one in mapped])}
        | {"_joined": joined(F.col("impression"))}
    )
    made = content_id(_content(known, mapped, session_is_mapped=session_is_mapped))
    sizes = impression_sizes(F.col("impression"), F.col("_joined"))
    no_text = known.no_text(mapped, F.col("_joined"))
    return events.withColumns({"eventId": F.coalesce(known.text("eventId"), made), NO_TEXT: no_text} | sizes)


def _content(known: _Values, mapped: Sequence[MappedProperty], *, session_is_mapped: bool) -> list[Part]:
    """List the parts of an event's content. A derived session is not among them: it depends on the other rows."""
    texts = ["userId", *_TEXTS, *(["sessionId"] if session_is_mapped else [])]
    shown, kind = known.get("impression")
    return [
        Part("sentAt", F.col("sentAt")),
        *(Part(name, known.identity(name)) for name in texts),
        Part("eventValue", F.col("eventValue"), fractional=True),
        Part("impression", impression_identity(shown, kind, F.col("impression"))),
        *(Part(f"properties.{one.key}", one.identity(), one.is_fractional()) for one in mapped),
    ]


def _written(events: DataFrame, properties: Sequence[Property]) -> DataFrame:
    """Write the JSON and keep the columns that the other packages see."""
    bodied = events.withColumns({"_body": event_body(), "_envelope": envelope()})
    sized = bodied.withColumn("_body_bytes", F.octet_length("_body"))
    keys = [plan.key for plan in properties]
    unreadable = [UNREADABLE_PREFIX + key for key in keys]
    lane = [LANE] if LANE in events.columns else []
    return sized.select(*EVENT_COLUMNS, *keys, *_HELPERS, *unreadable, *lane, SOURCE)
