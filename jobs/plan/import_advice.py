"""Advice on whether a dataset import job would load the events better than PutEvents, and why, from counts alone.

Facts: AWS developer guide, "Amazon Personalize endpoints and quotas" (limits.html) for the quotas,
"Importing bulk data" (bulk-data-import.html) for the modes, "Schemas" for USER_ID, which every imported row
needs.
"""

from __future__ import annotations

from dataclasses import dataclass

MIN_EVENTS = 1000
"""Item interactions that a dataset import job needs, in either mode (limits.html)."""

MAX_BYTES = 100 * 10**9
"""Of item interactions in one job in FULL mode (limits.html; adjustable); INCREMENTAL takes 1 GB."""

MAX_INCREMENTAL_BYTES = 10**9

LONG_SECONDS = 3600.0
"""Our threshold: from an hour of sending on, preparing a CSV file and a role is less trouble."""


@dataclass(frozen=True, slots=True)
class ImportAdvice:
    """The advice on CreateDatasetImportJob, and the sentences that say why or why not."""

    better: bool
    reasons: tuple[str, ...]


def advise(events: int, anonymous: int, sent_bytes: int, seconds: float) -> ImportAdvice:
    """Weigh an import of `events`, of which `anonymous` have no user, that would take `seconds` to send.

    `sent_bytes`, the size of the requests, approximates the CSV file's size, which is unknown before it is
    written.
    """
    obstacles = _obstacles(events, anonymous, sent_bytes)
    if obstacles:
        return ImportAdvice(better=False, reasons=obstacles)
    if seconds < LONG_SECONDS:
        return ImportAdvice(
            better=False,
            reasons=("sending takes less than an hour, and needs neither a CSV file nor a role.",),
        )
    return ImportAdvice(better=True, reasons=(*_ADVANTAGES, _mode(sent_bytes)))


_ADVANTAGES = (
    "sending takes an hour or more; an import job takes nothing from the PutEvents quota of live traffic.",
    "a later import in FULL mode replaces what was imported in bulk; nothing takes back what PutEvents sent.",
)


def _obstacles(events: int, anonymous: int, sent_bytes: int) -> tuple[str, ...]:
    found = []
    if events < MIN_EVENTS:
        found.append(f"an import job needs at least {MIN_EVENTS:,} events.")
    if anonymous:
        found.append(f"{anonymous:,} events have no userId, and every row of an import needs one.")
    if sent_bytes > MAX_BYTES:
        found.append("one import job takes at most 100 GB, unless the quota was raised.")
    return tuple(found)


def _mode(sent_bytes: int) -> str:
    if sent_bytes > MAX_INCREMENTAL_BYTES:
        return (
            "only FULL mode takes more than 1 GB at once, and it replaces what was imported in bulk before."
        )
    return "INCREMENTAL mode adds to what was imported in bulk before; FULL mode replaces it."
