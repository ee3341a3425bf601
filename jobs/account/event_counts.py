"""Counts of the events to be sent, by day and by type: bounded, for any source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

MAX_TYPES = 20
MAX_DAYS = 1000
OTHER = "other"
SECONDS_OF_DAY = 86_400


@dataclass(frozen=True, slots=True)
class EventCounts:
    """The events to be sent.

    by_day     ascending, `YYYY-MM-DD`, or `YYYY-MM` if there would be more than `MAX_DAYS`
    by_type    largest first; those beyond the first `MAX_TYPES` are last, under `OTHER`
    """

    by_day: dict[str, int]
    by_type: dict[str, int]


def by_calendar(days: Mapping[int, int]) -> dict[str, int]:
    """Return counts by days since 1970 under the calendar's names, by month if there are too many days to show."""
    form = "%Y-%m-%d" if len(days) <= MAX_DAYS else "%Y-%m"
    counts: Counter[str] = Counter()
    for day, events in sorted(days.items()):
        counts[_date(day).strftime(form)] += events
    return dict(counts)


def with_others(types: Mapping[str, int], total: int) -> dict[str, int]:
    """Return `types` and, if they don't make up the `total`, the rest under `OTHER`."""
    rest = total - sum(types.values())
    return {**types, OTHER: types.get(OTHER, 0) + rest} if rest else dict(types)


def _date(day: int) -> date:
    return datetime.fromtimestamp(day * SECONDS_OF_DAY, UTC).date()
