"""`source.as_of`: the state of a table that a run reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

_MAX_ID = 2**63 - 1
_FORM = "give a version, a snapshot id, or a time in ISO 8601 such as 2026-01-31T18:00:00Z"

AsOf = int | datetime
"""A version of Delta Lake, a snapshot id of Iceberg or an instant of Hudi; or a time, which means the last commit by
then."""


def read_as_of(value: object) -> object:
    """Return a YAML value as an `AsOf`: digits as a number, ISO 8601 as an instant, UTC unless it says otherwise.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, str):
        text = value.strip()
        value = int(text) if text.isascii() and text.isdigit() else _instant(text)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_ID):
        return value
    raise ValueError(_FORM)


def last_by(commits: Iterable[tuple[datetime, int]], instant: datetime) -> int | None:
    """Return the id of the last of `commits` (time and id, oldest first) by `instant`; None before all."""
    found = [number for time, number in commits if time <= instant]
    return found[-1] if found else None


def from_millis(millis: int) -> datetime:
    """Return the instant of milliseconds since 1970 UTC."""
    return datetime.fromtimestamp(millis / 1000, UTC)


def written(instant: datetime) -> str:
    """Write an instant as `source.as_of` takes it, to the millisecond."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(_FORM) from None
