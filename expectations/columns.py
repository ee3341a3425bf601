"""The columns that rules may name."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from core.suggestions import nearest

HELPER_PREFIX = "_"
"""Starts the name of every column made for the service's own rules; a camelCase property key never does."""


def visible(columns: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that a user's suite may name: all but the helpers, in their order."""
    return tuple(name for name in columns if not name.startswith(HELPER_PREFIX))


def near_misses(name: str, known: Collection[str]) -> str:
    """Return up to three known names that resemble `name`, in brackets, to end a clause; empty if there is none."""
    close = nearest(name, known)
    return f" (did you mean {' or '.join(close)}?)" if close else ""
