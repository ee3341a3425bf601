"""The times of a run's events, as the ledger is asked for them: whole days, in few spans. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from jobs.account.event_counts import SECONDS_OF_DAY

_MAX_SPANS = 32


@dataclass(frozen=True, slots=True)
class LedgerWindow:
    """Spans of Unix seconds, both ends inclusive, in order and apart from each other."""

    spans: tuple[tuple[int, int], ...]

    @classmethod
    def of_days(cls, days: Iterable[int]) -> Self:
        """Make spans of days since 1970, UTC; the shortest gaps are closed where there are too many."""
        spans = [(day * SECONDS_OF_DAY, (day + 1) * SECONDS_OF_DAY - 1) for day in sorted(set(days))]
        gaps = sorted((after[0] - before[1] for before, after in pairwise(spans)), reverse=True)
        max_gap = gaps[_MAX_SPANS - 1] if len(gaps) >= _MAX_SPANS else 1
        return cls(tuple(_closed(spans, max_gap)))

    @classmethod
    def of_span(cls, first: int, last: int) -> Self:
        """Make one span from the day `first` to the day `last`, both since 1970, UTC, and inclusive."""
        return cls(((first * SECONDS_OF_DAY, (last + 1) * SECONDS_OF_DAY - 1),))

    def overlaps(self, first: int, last: int) -> bool:
        """Return whether anything from `first` to `last` is in a span."""
        return any(first <= end and start <= last for start, end in self.spans)

    def share(self, first: int, last: int) -> float:
        """Return which part of the seconds from `first` to `last` is in a span."""
        within = sum(max(0, min(last, end) - max(first, start) + 1) for start, end in self.spans)
        return within / (last - first + 1)


EVER = LedgerWindow.of_span(0, 100_000)
"""All times that an event may have: from 1970 to 2243."""


def _closed(spans: list[tuple[int, int]], max_gap: int) -> Iterable[tuple[int, int]]:
    """Join neighbours that are at most `max_gap` apart."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start - joined[-1][1] <= max_gap:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
