"""The plan of the properties: each with its mapped expression, its field of the schema and its key in `properties`.

Pure: the mapping is compared with the schema, without data. Whether an expression's values fit a field's
type shows per row, later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.errors import InputError
from core.suggestions import flat
from transforms.interactions_schema import REQUIRED, RESERVED, AvroType, Field, InteractionsSchema
from transforms.mapping import MappingSettings, PropertySettings
from transforms.names import camel_case, is_taken, suggestion

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")

MAPPED_BY = {
    "USER_ID": "userId",
    "ITEM_ID": "itemId",
    "TIMESTAMP": "sentAt",
    "EVENT_TYPE": "eventType",
    "EVENT_VALUE": "eventValue",
    "IMPRESSION": "impression",
    "RECOMMENDATION_ID": "recommendationId",
    "EVENT_ATTRIBUTION_SOURCE": "eventAttributionSource",
}
"""The key of `mapping:` that fills each field which is not a property."""


@dataclass(frozen=True, slots=True)
class Property:
    """A property: the schema's `field`, its `key`, the SQL `expr`, and the field's type and flags."""

    field: str
    key: str
    expr: str
    type: AvroType
    nullable: bool
    categorical: bool


def plan_properties(mapping: MappingSettings, schema: InteractionsSchema) -> tuple[Property, ...]:
    """Match `mapping.properties` with the schema's metadata fields, in the schema's order.

    Raises:
        InputError: the schema lacks a property or it is none, a key is repeated or reserved, a required field
            is not mapped, or neither userId nor sessionId is.
    """
    _check_fields_exist(mapping, schema)
    _check_nothing_required_is_missing(mapping, schema)
    plan = tuple(
        _property(field, mapping.properties[field.name])
        for field in schema.metadata
        if field.name in mapping.properties
    )
    _check_keys(plan)
    return plan


def _property(field: Field, settings: PropertySettings) -> Property:
    key = settings.key or camel_case(field.name)
    return Property(field.name, key, settings.expr, field.type, field.nullable, field.categorical)


def _check_fields_exist(mapping: MappingSettings, schema: InteractionsSchema) -> None:
    known = {field.name for field in schema.metadata}
    for name in mapping.properties:
        if name in REQUIRED | RESERVED:
            raise InputError(
                f"mapping.properties.{name}: not a property. Map it as mapping.{MAPPED_BY[name]}."
            )
        if name not in known:
            raise InputError(
                f"mapping.properties.{name}: the schema has no such field{suggestion(name, known)}. "
                "Correct the name, or leave it out."
            )


def _check_nothing_required_is_missing(mapping: MappingSettings, schema: InteractionsSchema) -> None:
    mapped = mapping.expressions()
    if "userId" not in mapped and "sessionId" not in mapped:
        raise InputError(
            "mapping: neither userId nor sessionId is mapped, and sessions come from one of them. Map one."
        )
    for field in schema.fields:
        # Events of anonymous sessions have no user; every event has a session, mapped or derived.
        if field.nullable or field.name in ("USER_ID", "SESSION_ID"):
            continue
        key = MAPPED_BY.get(field.name)
        if key not in mapped and field.name not in mapping.properties:
            todo = f"mapping.{key}" if key else f"mapping.properties.{field.name}"
            raise InputError(
                f"{todo}: missing, though the schema's field {field.name} can't be null. Map it."
            )


def _check_keys(plan: tuple[Property, ...]) -> None:
    taken: dict[str, str] = {}
    for property_ in plan:
        where = f"mapping.properties.{property_.field}"
        if not _KEY.fullmatch(property_.key):
            raise InputError(
                f"{where}: Personalize takes no such key. Use a letter, then letters, digits or single underscores."
            )
        if is_taken(property_.key):
            raise InputError(
                f"{where}: the key {property_.key} is reserved, in any case. Give it another `key`."
            )
        other = taken.setdefault(flat(property_.key), property_.field)
        if other != property_.field:
            raise InputError(f"{where}: has the same key as {other}. Give one of them another `key`.")
