"""Rules of Amazon Personalize that are documented or known, and are not in its model.

They are about ids, time, properties, impressions and size, and judge one event at a time, which already keeps the
model's types and lengths. A message names the rule, never the value. Sources: [dg]
https://docs.aws.amazon.com/personalize/latest/dg/ (`limits.html`,
`recording-item-interaction-events.html`), [model] the documentation inside botocore's personalize-events
model, [3370], [3371] and [2773] issues of aws/aws-sdk-js: milliseconds, a session called "null", properties
encoded twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

EMPTY_WORDS = frozenset({"", "null", "none", "nan"})
"""The text of a missing id after a careless cast, trimmed and in lower case [3371]."""

RESERVED_KEYS = frozenset({"userid", "sessionid", "eventtype", "timestamp", "recommendationid", "impression"})
"""Never a key of `properties`, in any case [model]."""

EARLIEST_SECOND = 315_532_800
"""1980-01-01: a smaller `sentAt` is days or hours taken for seconds [3370]."""

LATEST_SECOND = 4_102_444_800
"""2100-01-01: a larger `sentAt` is milliseconds or microseconds taken for seconds [3370]."""

MAX_EVENT_BYTES = 10 * 1024
"""10 KB per event [dg, limits]."""

MAX_IMPRESSION_CHARACTERS = 1000
"""All ids of an impression, joined with `|` [dg, limits]."""

EVENT_IDS = ("eventType", "itemId", "eventId", "recommendationId")
REQUEST_IDS = ("trackingId", "userId", "sessionId")


def refuse_constant(_constant: str) -> object:
    """Refuse NaN and the infinities for a JSON decoder: JSON has no such numbers, Python reads them."""
    raise ValueError("NaN and infinities are not JSON")


_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
# An object becomes a tuple of pairs, so that it differs from an array and a repeated key is still seen
# twice.
_pairs = json.JSONDecoder(object_pairs_hook=tuple, parse_constant=refuse_constant).decode


def event_text(event: Mapping[str, Any]) -> str:
    """Return the event as compact JSON: its size is measured on it and the record stores it."""
    return _compact(event)


def means_nothing(identifier: str) -> bool:
    """Return whether an id is blank or one of the words for a missing value."""
    return identifier.strip().lower() in EMPTY_WORDS


def broken_id(holder: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """Return a sentence on the first of the named ids that has no meaning; None if all are good or absent."""
    for name in names:
        value = holder.get(name)
        if value is not None and value.strip().lower() in EMPTY_WORDS:
            return f"{name} is blank or means a missing value"
    return None


def broken_fact(event: Mapping[str, Any]) -> str | None:
    """Return a sentence on the first rule that an event breaks; None if it keeps all of them."""
    if not EARLIEST_SECOND <= event["sentAt"] <= LATEST_SECOND:
        return "sentAt is not a plausible Unix time in seconds"
    properties, impression = event.get("properties"), event.get("impression")
    return (
        broken_id(event, EVENT_IDS)
        or (None if properties is None else _broken_properties(properties))
        or (None if impression is None else _broken_impression(impression))
    )


def broken_size(event: Mapping[str, Any]) -> str | None:
    """Return a sentence if the event's JSON is larger than 10 KB, else None."""
    too_large = len(event_text(event).encode()) > MAX_EVENT_BYTES
    return "an event is larger than 10 KB" if too_large else None


def _broken_impression(impression: list[str]) -> str | None:
    if any(means_nothing(item) for item in impression):
        return "an id of impression is blank or means a missing value"
    if sum(map(len, impression)) + len(impression) - 1 > MAX_IMPRESSION_CHARACTERS:
        return "impression has more than 1000 characters in all"
    return None


def _broken_properties(text: str) -> str | None:
    try:
        pairs = _pairs(text)
    except (ValueError, RecursionError):
        return "properties is not JSON"
    if type(pairs) is not tuple:
        return "properties holds no JSON object (encoded twice?)"
    return _broken_keys([key for key, _ in pairs]) or _broken_values([value for _, value in pairs])


def _broken_keys(keys: list[str]) -> str | None:
    if len(set(keys)) != len(keys):
        return "properties has one key twice"
    if any(key.lower() in RESERVED_KEYS for key in keys):
        return "properties has a reserved key"
    return "properties has a blank key" if any(not key.strip() for key in keys) else None


def _broken_values(values: list[object]) -> str | None:
    if all(type(value) in {str, int, float} for value in values):
        return None
    return "a value of properties is neither a string nor a number"
