"""Advice on whether a dataset import job would load the events better than PutEvents, and why, from counts alone.

Facts: AWS developer guide, "Importing bulk data" (bulk-data-import.html) for the modes, "Schemas" for USER_ID, which
every imported row needs; `bulk.import_job` has the quotas.
"""

from __future__ import annotations

from dataclasses import dataclass

from bulk.import_job import MAX_BYTES, MIN_ROWS
from core.plurals import counted

LONG_SECONDS = 3600.0
"""Our threshold: from an hour of sending on, preparing a CSV file and a role is less trouble."""


@dataclass(frozen=True, slots=True)
class ImportAdvice:
    """The advice on CreateDatasetImportJob, and the sentences that say why or why not."""

    better: bool
    reasons: tuple[str, ...]


def advise(events: int, anonymous: int, csv_bytes: int, seconds: float) -> ImportAdvice:
    """Weigh an import of `events`, of which `anonymous` have no user, that would take `seconds` to send.

    `csv_bytes`: the size of the import's files or, where that was not counted, of the requests, which is about as much.
    """
    obstacles = _obstacles(events, anonymous, csv_bytes)
    if obstacles:
        return ImportAdvice(better=False, reasons=obstacles)
    if seconds < LONG_SECONDS:
        return ImportAdvice(
            better=False,
            reasons=("sending takes less than an hour, and needs neither a CSV file nor a role.",),
        )
    return ImportAdvice(better=True, reasons=(*_ADVANTAGES, _mode(csv_bytes)))


_ADVANTAGES = (
    "sending takes an hour or more; an import job takes nothing from the PutEvents quota of live traffic.",
    "a later import in FULL mode replaces what was imported in bulk; nothing takes back what PutEvents sent.",
)


def _obstacles(events: int, anonymous: int, csv_bytes: int) -> tuple[str, ...]:
    found = []
    if events < MIN_ROWS:
        found.append(f"an import job needs at least {MIN_ROWS:,} events.")
    if anonymous:
        have = "has" if anonymous == 1 else "have"
        found.append(f"{counted(anonymous, 'event')} {have} no userId, and every row of an import needs one.")
    if csv_bytes > MAX_BYTES["full"]:
        found.append("one import job takes at most 100 GB, unless the quota was raised.")
    return tuple(found)


def _mode(csv_bytes: int) -> str:
    if csv_bytes > MAX_BYTES["incremental"]:
        return (
            "only FULL mode takes more than 1 GB at once, and it replaces what was imported in bulk before."
        )
    return "INCREMENTAL mode adds to what was imported in bulk before; FULL mode replaces it."
