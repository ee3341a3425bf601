"""The columns that rules may name."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

EVENT_COLUMNS = (
    "userId",
    "sessionId",
    "eventType",
    "itemId",
    "sentAt",
    "eventId",
    "eventValue",
    "impression",
    "recommendationId",
    "eventAttributionSource",
)
"""The event as a suite sees it, in the order of the contract's mapping block."""

HELPER_PREFIX = "_"
"""Starts the name of every column made for the service's own rules; a camelCase property key never does."""


def visible(columns: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that a user's suite may name: all but the helpers and the source row, in their order."""
    return tuple(name for name in columns if not name.startswith(HELPER_PREFIX) and name != "source")


def near_misses(name: str, known: Collection[str]) -> str:
    """Return up to three known names that resemble `name`, as a clause to end a sentence; empty if there is none."""
    folded = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(folded[each] for each in close)}?" if close else ""
