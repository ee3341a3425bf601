"""The window of `--since` and `--until`, over the event's own time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.errors import InputError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FINER = re.compile(r"[.,]\d{6}\d*[1-9]")


@dataclass(frozen=True, slots=True)
class Window:
    """Bounds in microseconds since 1970 UTC: `since` inclusive, `until` exclusive; None means no bound."""

    since: int | None = None
    until: int | None = None

    @classmethod
    def parse(cls, since: str | None, until: str | None) -> Window:
        """Read ISO 8601 dates or date-times, UTC unless they say otherwise.

        Raises:
            InputError: a text is anything else, or no event can be in the window.
        """
        window = cls(_micros(since, "--since"), _micros(until, "--until"))
        if window.since is not None and window.until is not None and window.since >= window.until:
            raise InputError(
                "--since must be before --until: no event is in this window. Correct one of them."
            )
        return window

    @property
    def is_unbounded(self) -> bool:
        """Return whether every event is in it."""
        return self.since is None and self.until is None


def _micros(text: str | None, option: str) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(f"{option}: not ISO 8601. Write 2026-01-31 or 2026-01-31T18:00:00Z.") from None
    if _FINER.search(text):  # Python would cut the digits off
        raise InputError(
            f"{option}: finer than a microsecond, and events are compared by whole ones. Write at most six decimals."
        )
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)
