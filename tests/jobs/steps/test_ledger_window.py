"""The days that the ledger is asked for: all of the events' own, in few spans."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.account.event_counts import SECONDS_OF_DAY
from jobs.steps.ledger_window import LedgerWindow

days = st.sets(st.integers(-30_000, 30_000), max_size=120)


@given(days)
def test_every_day_is_in_a_span_and_there_are_few(days: set[int]) -> None:
    window = LedgerWindow.of_days(days)
    assert len(window.spans) <= 32
    assert all(window.overlaps(day * SECONDS_OF_DAY, (day + 1) * SECONDS_OF_DAY - 1) for day in days)
    assert all(before[1] < after[0] for before, after in pairwise(window.spans))


@given(st.sets(st.integers(-30_000, 30_000), max_size=32))
def test_a_few_days_are_asked_for_alone(days: set[int]) -> None:
    window = LedgerWindow.of_days(days)
    near = {day + step for day in days for step in (-1, 1)} - days
    assert not any(window.overlaps(day * SECONDS_OF_DAY, day * SECONDS_OF_DAY) for day in near)


@pytest.mark.parametrize(("count", "closed"), [(32, 0), (33, 1), (34, 2), (40, 8)])
def test_the_shortest_gaps_are_closed_where_there_are_too_many(count: int, closed: int) -> None:
    """Each gap here is a day longer than the one before."""
    days = list(accumulate(range(1, count + 1)))
    window = LedgerWindow.of_days(days)
    alone = [(day * SECONDS_OF_DAY, (day + 1) * SECONDS_OF_DAY - 1) for day in days]
    assert window.spans == ((alone[0][0], alone[closed][1]), *alone[closed + 1 :])


def test_a_span_goes_from_its_first_second_to_its_last() -> None:
    window = LedgerWindow.of_span(1, 2)
    first, last = SECONDS_OF_DAY, 3 * SECONDS_OF_DAY - 1
    assert window.spans == ((first, last),)
    assert [window.overlaps(0, first - 1), window.overlaps(0, first)] == [False, True]
    assert [window.overlaps(last, 2 * last), window.overlaps(last + 1, 2 * last)] == [True, False]
    assert window.share(0, 4 * SECONDS_OF_DAY - 1) == 0.5
    assert window.share(2 * SECONDS_OF_DAY, 4 * SECONDS_OF_DAY - 1) == 0.5
