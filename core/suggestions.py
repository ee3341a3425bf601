"""Known names for a misspelled one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def flat(name: str) -> str:
    """Return a name without underscores and in lower case.

    Personalize allows no two fields whose names are equal in this form, such as GENRES_FIELD_1 and GENRESFIELD1
    (schema requirements in the AWS developer guide as last published on GitHub, June 2023).
    """
    return name.replace("_", "").lower()


def nearest(name: str, known: Iterable[str], *, limit: int = 3, cutoff: float = 0.6) -> list[str]:
    """Return up to `limit` of the known names that resemble `name`, the nearest first.

    Case and underscores are ignored: they are the usual mistakes. `cutoff`: 0 accepts any name, 1 only an equal one.
    """
    by_flat = {flat(candidate): candidate for candidate in known}
    return [by_flat[match] for match in get_close_matches(flat(name), by_flat, n=limit, cutoff=cutoff)]
