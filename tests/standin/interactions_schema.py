"""A shop's Interactions schema, as Personalize has it."""

from __future__ import annotations

from typing import Any

INTERACTIONS: dict[str, Any] = {
    "type": "record",
    "name": "Interactions",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "DISCOUNT", "type": ["null", "string"], "categorical": True},
    ],
    "version": "1.0",
}
