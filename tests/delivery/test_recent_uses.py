"""Where the next slot of a small limit may lie, by what is known of the last ones."""

from __future__ import annotations

import pytest

from delivery.recent_uses import RecentUses

WAY = 0.03  # what is allowed for on the way to the service


def after(limit: float, *dues: float) -> RecentUses:
    uses = RecentUses(limit)
    for number, due in enumerate(dues):
        uses.leased(number, due)
    return uses


def test_as_many_slots_as_the_limit_allows_may_lie_anywhere() -> None:
    assert after(3, 0.0, 0.0).next_at_the_earliest() == float("-inf")
    assert after(3, 0.0, 0.0, 0.0).next_at_the_earliest() == pytest.approx(1.0 + WAY)


def test_a_limit_between_two_numbers_allows_the_larger_one() -> None:
    assert after(1.5, 0.0).next_at_the_earliest() == float("-inf")
    assert after(1.5, 0.0, 0.6).next_at_the_earliest() == pytest.approx(1.0 + WAY)


def test_a_late_use_moves_what_lies_a_second_after_it_and_nothing_later() -> None:
    uses = after(1, 5.0)
    uses.used(0, 5.07)
    assert uses.next_at_the_earliest() == pytest.approx(5.07 + 1.0 + WAY)
    uses.leased(0, 7.0)
    uses.used(0, 7.0)
    assert uses.next_at_the_earliest() == pytest.approx(7.0 + 1.0 + WAY)


@pytest.mark.parametrize("limit", [1, 2, 5, 19])
def test_where_nothing_is_late_the_promised_share_of_the_limit_is_left(limit: int) -> None:
    uses, due = after(limit, *[0.0] * limit), 0.0
    for _ in range(10):
        due = uses.next_at_the_earliest()
        for who in range(limit):
            uses.leased(who, due)
            uses.used(who, due)
    assert 10 / due >= 0.97


def test_a_use_that_was_told_of_is_not_taken_for_later_by_the_next_report() -> None:
    uses = after(1, 5.0)
    uses.used(0, 5.0)
    uses.used(0, 5.3)
    assert uses.next_at_the_earliest() == pytest.approx(5.0 + 1.0 + WAY)


def test_no_use_is_taken_for_later_than_slots_last() -> None:
    uses = after(1, 5.0)
    uses.used(0, 50.0)
    assert uses.next_at_the_earliest() == pytest.approx(5.5 + 1.0 + WAY)


def test_a_report_is_of_what_was_due_and_of_nothing_that_comes_or_is_somebody_elses() -> None:
    uses = RecentUses(3)
    for who, due in (("a", 1.0), ("a", 1.4), ("b", 1.7)):
        uses.leased(who, due)
    uses.used("a", 1.1)
    uses.used("c", 1.6)
    uses.used("a", 1.6)
    uses.leased("b", 2.0)
    assert uses.next_at_the_earliest() == pytest.approx(1.6 + 1.0 + WAY)


def test_who_is_gone_tells_no_more() -> None:
    uses = after(1, 5.0)
    uses.forget(0)
    uses.used(0, 5.3)
    assert uses.next_at_the_earliest() == 6.0 + WAY
