"""Whether a dataset import job would load the events better than PutEvents does, and why. Pure judgement on counts.

Facts: AWS developer guide, "Amazon Personalize endpoints and quotas" (limits.html) for the quotas,
"Importing bulk data" (bulk-data-import.html) for the modes, "Schemas" for USER_ID, which every imported row needs.
"""

from __future__ import annotations

from dataclasses import dataclass

LEAST_EVENTS = 1000
"""Item interactions that a dataset import job needs, in either mode (limits.html)."""

MOST_BYTES = 100 * 10**9
"""Of item interactions in one job in FULL mode (limits.html; adjustable); INCREMENTAL takes 1 GB."""

MOST_INCREMENTAL_BYTES = 10**9

LONG_SECONDS = 3600.0
"""Ours: from an hour of sending on, preparing a CSV file and a role is less trouble."""


@dataclass(frozen=True, slots=True)
class ImportAdvice:
    """Whether a CreateDatasetImportJob fits better, and the sentences that say why or why not."""

    better: bool
    reasons: tuple[str, ...]


def advise(events: int, anonymous: int, sent_bytes: int, seconds: float) -> ImportAdvice:
    """Weigh an import of `events`, of which `anonymous` have no user, that would take `seconds` to send.

    `sent_bytes`, of the requests, stands for the CSV file's size, which nobody knows before it is written.
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
    if events < LEAST_EVENTS:
        found.append(f"an import job needs {LEAST_EVENTS:,} events at the least.")
    if anonymous:
        found.append(f"{anonymous:,} events have no userId, and every row of an import needs one.")
    if sent_bytes > MOST_BYTES:
        found.append("one import job takes 100 GB at the most, unless the quota was raised.")
    return tuple(found)


def _mode(sent_bytes: int) -> str:
    if sent_bytes > MOST_INCREMENTAL_BYTES:
        return (
            "only FULL mode takes more than 1 GB at once, and it replaces what was imported in bulk before."
        )
    return "INCREMENTAL mode adds to what was imported in bulk before; FULL mode replaces it."
