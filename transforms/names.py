"""Names: from the schema's UPPER_SNAKE fields to camelCase keys of `properties`; and reserved names."""

from __future__ import annotations

from collections.abc import Iterable

from core.columns import EVENT_COLUMNS
from core.suggestions import flat, nearest

RESERVED_KEYS = ("userId", "sessionId", "eventType", "timestamp", "recommendationId", "impression")
"""Keys that PutEvents refuses in `properties`, in any case: botocore's personalize-events model, shape
EventPropertiesJSON's documentation of Event.properties; the service answers 400 (amplify-js issue 6906)."""


def camel_case(name: str) -> str:
    """Return the `properties` key of a schema field: `NUMBER_OF_RATINGS` is `numberOfRatings`.

    AWS documents no rule for digits. Here a digit has no case, so the underscore before it is just removed:
    `GENRES_FIELD_1` is `genresField1` and `L2_CATEGORY` is `l2Category`. A name that is already camel-cased
    (no underscore, not all capitals) keeps its inner capitals. Any text has a result; that of "__" is "".
    """
    first, *rest = [part for part in name.split("_") if part] or [""]
    if rest or first.isupper():
        return first.lower() + "".join(part.capitalize() for part in rest)
    return first[:1].lower() + first[1:]


def is_taken(key: str) -> bool:
    """Return whether a `properties` key is refused by the service or hides a column of the shaped event."""
    return flat(key) in {flat(name) for name in (*RESERVED_KEYS, *EVENT_COLUMNS)}


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return which `known` names `name` may have meant: "; the nearest are A, B", or "" if none comes close."""
    close = nearest(name, known)
    return f"; the nearest {'is' if len(close) == 1 else 'are'} {', '.join(close)}" if close else ""
