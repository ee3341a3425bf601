"""Events by day and by type always add up, however many days and types there are."""

from __future__ import annotations

from jobs.account.event_counts import (
    MAX_DAYS,
    OTHER,
    by_calendar,
    with_others,
)


def test_a_day_begins_at_midnight_utc() -> None:
    assert by_calendar({20_371: 2, 0: 1}) == {"1970-01-01": 1, "2025-10-10": 2}


def test_more_days_than_anyone_looks_at_are_counted_by_month() -> None:
    days = dict.fromkeys(range(MAX_DAYS + 1), 1)
    months = by_calendar(days)
    assert list(months)[:2] == ["1970-01", "1970-02"]
    assert months["1970-02"] == 28
    assert sum(months.values()) == MAX_DAYS + 1


def test_types_beyond_the_most_frequent_are_one() -> None:
    assert with_others({"view": 3}, 5) == {"view": 3, OTHER: 2}
    assert with_others({"view": 3}, 3) == {"view": 3}


def test_a_type_that_is_called_other_loses_nothing() -> None:
    assert with_others({OTHER: 3}, 5) == {OTHER: 5}
