"""An Interactions dataset: its schema, and the rows of imports and PutEvents.

Rules: developer guide, "Item interaction data" (required columns, lengths, TIMESTAMP in seconds), "Creating
schema JSON files" (types). Rows that agree in every field count once ("keeps only one", "Importing bulk
data").
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from standin.control_plane.csv_files import CsvError, Row

Value = str | int | float | bool | None
Values = tuple[Value, ...]

MIN_ROWS = 1000
_REQUIRED = ("USER_ID", "ITEM_ID", "TIMESTAMP")
_MAX_CHARACTERS = {"USER_ID": 256, "ITEM_ID": 256, "EVENT_TYPE": 256, "IMPRESSION": 1000}
_CATEGORY = 1000
_SECONDS = (0, 10**10)  # beyond are milliseconds
_BOOLEANS = {"True": True, "False": False, "1": True, "0": False}


@dataclass(frozen=True, slots=True)
class SchemaField:
    """A field of the Avro schema."""

    name: str
    kind: str
    nullable: bool
    categorical: bool

    @classmethod
    def of(cls, answer: dict[str, Any]) -> SchemaField:
        """Read it from the schema's JSON."""
        kinds = answer["type"] if isinstance(answer["type"], list) else [answer["type"]]
        (kind,) = [each for each in kinds if each != "null"]
        return cls(answer["name"], kind, "null" in kinds, bool(answer.get("categorical")))

    def value(self, text: str | None) -> Value:
        """Return the value of a CSV field.

        Raises:
            CsvError: the field does not accept it.
        """
        if text is None:
            if not self.nullable or self.name in _REQUIRED:
                raise CsvError(f"{self.name} is null in a row, and its field is not nullable.")
            return None
        self._require_length(text)
        try:
            return self._read(text)
        except (ValueError, KeyError):
            raise CsvError(f"{self.name} holds a value that is not {self.kind}.") from None

    def _require_length(self, text: str) -> None:
        max_characters = _MAX_CHARACTERS.get(self.name, _CATEGORY if self.categorical else None)
        if max_characters is not None and len(text) > max_characters:
            raise CsvError(f"Length cannot be more than {max_characters} characters for {self.name}")

    def _read(self, text: str) -> Value:
        if self.kind in ("int", "long"):
            number = int(text)
            if self.name == "TIMESTAMP" and not _SECONDS[0] <= number < _SECONDS[1]:
                raise ValueError
            return number
        if self.kind in ("float", "double"):
            fraction = float(text)
            if not math.isfinite(fraction):
                raise ValueError
            return fraction
        return _BOOLEANS[text] if self.kind == "boolean" else text


@dataclass
class Dataset:
    """A dataset; `bulk` and `put` are rows in the schema's order, as often as they were received."""

    arn: str
    group: str
    schema_arn: str
    schema: str
    created: datetime
    kind: str = "INTERACTIONS"
    bulk: list[Values] = field(default_factory=list)
    put: list[Values] = field(default_factory=list)

    @property
    def fields(self) -> tuple[SchemaField, ...]:
        """Return the schema's fields in its order."""
        return tuple(SchemaField.of(answer) for answer in json.loads(self.schema)["fields"])

    def typed(self, rows: Iterable[Row]) -> list[Values]:
        """Return the rows of a CSV file as values.

        Raises:
            CsvError: the schema does not accept a row.
        """
        fields = self.fields
        return [tuple(each.value(text) for each, text in zip(fields, row, strict=True)) for row in rows]

    def take_event(self, user_id: str | None, event: dict[str, Any]) -> None:
        """Add an event of PutEvents as a row; the properties by the camelCase of the fields' names."""
        properties = {key.lower(): value for key, value in json.loads(event.get("properties", "{}")).items()}
        known = {
            "USER_ID": user_id,
            "ITEM_ID": event.get("itemId"),
            "TIMESTAMP": int(event["sentAt"]),
            "EVENT_TYPE": event["eventType"],
            "EVENT_VALUE": event.get("eventValue"),
            "IMPRESSION": "|".join(event["impression"]) if event.get("impression") else None,
            "RECOMMENDATION_ID": event.get("recommendationId"),
            "EVENT_ATTRIBUTION_SOURCE": event.get("metricAttribution", {}).get("eventAttributionSource"),
        }
        self.put.append(
            tuple(
                known[each.name] if each.name in known else _property(each, properties)
                for each in self.fields
            )
        )


def _property(of: SchemaField, properties: dict[str, Any]) -> Value:
    text = properties.get(of.name.replace("_", "").lower())
    if text is None or of.kind == "string":
        return text
    return of.value(str(text).capitalize() if of.kind == "boolean" else str(text))
