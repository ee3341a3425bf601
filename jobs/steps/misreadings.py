"""Detection of a mapping that misreads most of a column, with the mapping that would read it."""

from __future__ import annotations

from collections.abc import Mapping

from expectations.rules import value_name
from jobs.errors import UsageError
from transforms.events import NO_TEXT, UNIT_INSTEAD
from transforms.mapping import MappingSettings
from transforms.timestamps import PATTERNS, PER_SECOND, better_unit


def refuse_misread(mapping: MappingSettings, counts: Mapping[str, int]) -> None:
    """Refuse times in another unit or form than the mapping says, and bytes where it requires text.

    Raises:
        UsageError: most rows are misread; it names the key and shows the expression that helps.
    """
    _refuse_wrong_unit(mapping, counts)
    _refuse_no_text(mapping, counts)


def _refuse_wrong_unit(mapping: MappingSettings, counts: Mapping[str, int]) -> None:
    sent_at = mapping.sent_at
    votes = {unit: counts[value_name(UNIT_INSTEAD, unit)] for unit in (*PER_SECOND, *PATTERNS)}
    better = better_unit(votes, counts["rows"])
    if better in PATTERNS:
        raise UsageError(
            f"mapping.sentAt: most times can't be read as {sent_at.unit}, and look like {better}. Set "
            f"mapping.sentAt.expr to to_timestamp({_shown(sent_at.expr)}, '{better}') and mapping.sentAt.unit to "
            "timestamp, once you know which is the day and which the month.",
        )
    if better is not None:
        raise UsageError(
            f"mapping.sentAt: read as {sent_at.unit or 'seconds'}, most times are outside 1980 to 2100; "
            f"as {better} they would be plausible. Set mapping.sentAt.unit to {better}.",
        )


def _refuse_no_text(mapping: MappingSettings, counts: Mapping[str, int]) -> None:
    for part, expr in mapping.texts().items():
        if 2 * counts[value_name(NO_TEXT, part)] > counts["rows"]:
            column = _shown(expr)
            raise UsageError(
                f"mapping.{part}: most values are bytes that are not UTF-8 text. Map UUIDs of 16 bytes as "
                f"regexp_replace(lower(hex({column})), '^(.{{8}})(.{{4}})(.{{4}})(.{{4}})', '$1-$2-$3-$4-'), "
                f"other bytes as hex({column}), and Latin-1 text as decode(cast({column} as binary), 'ISO-8859-1').",
            )


def _shown(expr: str) -> str:
    """Return a column's name; "…" for any other expression, which may contain a user's id."""
    return expr if expr.isidentifier() else "…"
