"""The dataset's Interactions schema, read from the Avro JSON that Personalize holds.

It reads what the job needs (names, types, nullability, categorical) and refuses what Personalize would
refuse. Facts: Personalize developer guide, the pages on datasets and schemas (required and reserved fields)
and `limits.html` (5 metadata columns).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from core.errors import InputError
from core.suggestions import flat
from transforms.names import suggestion

AvroType = Literal["string", "int", "long", "float", "double", "boolean"]
TYPES: tuple[AvroType, ...] = get_args(AvroType)
REQUIRED = {"USER_ID": ("string",), "ITEM_ID": ("string",), "TIMESTAMP": ("long",)}
RESERVED = {
    "EVENT_TYPE": ("string",),
    "EVENT_VALUE": ("float", "double", "int", "long"),  # documented as float; the others hold no less
    "IMPRESSION": ("string",),
    "RECOMMENDATION_ID": ("string",),
    "EVENT_ATTRIBUTION_SOURCE": ("string",),
}
MAX_METADATA_FIELDS = 5


@dataclass(frozen=True, slots=True)
class Field:
    """A field: `type` is one of `TYPES`; `nullable` when its type is a union with null."""

    name: str
    type: AvroType
    nullable: bool
    categorical: bool


@dataclass(frozen=True, slots=True)
class InteractionsSchema:
    """The fields in the schema's own order."""

    fields: tuple[Field, ...]

    @classmethod
    def parse(cls, text: str, where: str) -> InteractionsSchema:
        """Read Avro JSON; `where` is the path that errors name.

        Raises:
            InputError: it is not a record with USER_ID string, ITEM_ID string and TIMESTAMP long, at most five
                metadata fields, and names that stay distinct without underscores and case.
        """
        schema = cls(tuple(_field(raw, where) for raw in _raw_fields(text, where)))
        _check_types(schema, where)
        _check_names(schema.fields, where)
        if len(schema.metadata) > MAX_METADATA_FIELDS:
            names = ", ".join(field.name for field in schema.metadata)
            raise InputError(
                f"{where}: Personalize allows {MAX_METADATA_FIELDS} metadata fields, this schema has "
                f"{len(schema.metadata)}: {names}. Leave out {len(schema.metadata) - MAX_METADATA_FIELDS}."
            )
        return schema

    @property
    def metadata(self) -> tuple[Field, ...]:
        """Return the fields that are neither required nor reserved."""
        return tuple(field for field in self.fields if field.name not in REQUIRED | RESERVED)

    def get(self, name: str) -> Field | None:
        """Find a field by its exact name."""
        return next((field for field in self.fields if field.name == name), None)


def _raw_fields(text: str, where: str) -> list[object]:
    try:
        record = json.loads(text.removeprefix("\ufeff"))  # some editors begin a file with it
    except (ValueError, RecursionError) as error:  # nested too deeply
        at = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(
            f"{where}: not JSON{at}. Give the Interactions schema as Personalize holds it."
        ) from None
    fields = record.get("fields") if isinstance(record, dict) and record.get("type") == "record" else None
    if not isinstance(fields, list):
        raise InputError(f'{where}: not an Avro record. Give it "type": "record" and a list of "fields".')
    return fields


def _field(raw: object, where: str) -> Field:
    if not isinstance(raw, dict) or not isinstance(raw.get("name"), str) or not flat(raw["name"]):
        raise InputError(f'{where}: a field has no "name". Give it one.')
    name = raw["name"]
    categorical = raw.get("categorical", False)
    if not isinstance(categorical, bool):
        raise InputError(
            f'{where}: field {name}: "categorical" is neither true nor false. Write one of them.'
        )
    union = raw.get("type")
    members = union if isinstance(union, list) else [union]
    kinds = [kind for kind in TYPES for member in members if member == kind]
    if len(kinds) != 1 or any(member not in ("null", *TYPES) for member in members):
        raise InputError(
            f"{where}: field {name}: its type is none of Personalize's. "
            f"Use one of {', '.join(TYPES)}, or one of them with null."
        )
    return Field(name, kinds[0], "null" in members, categorical)


def _check_types(schema: InteractionsSchema, where: str) -> None:
    names = [field.name for field in schema.fields]
    for name in REQUIRED:
        if name not in names:
            raise InputError(
                f"{where}: the field {name} is missing{suggestion(name, names)}. Add it, as Personalize requires it."
            )
    for field in schema.fields:
        allowed = {**REQUIRED, **RESERVED}.get(field.name, TYPES)
        if field.type not in allowed:
            raise InputError(
                f"{where}: field {field.name} is {field.type}. Make it {allowed[0]}, as Personalize requires."
            )


def _check_names(fields: Iterable[Field], where: str) -> None:
    seen: dict[str, str] = {}
    for field in fields:
        other = seen.get(flat(field.name))
        if other is not None:
            raise InputError(
                f"{where}: {other} and {field.name} are one name without underscores and case. Rename one."
            )
        seen[flat(field.name)] = field.name
