"""Where the next slot of a small limit may lie, by what is known of the last ones."""

from __future__ import annotations

import math

import pytest

from delivery.recent_uses import RecentUses

WAY = 0.05  # what is allowed for where nothing has been late


def after(limit: float, *dues: float) -> RecentUses:
    uses = RecentUses(limit)
    for number, due in enumerate(dues):
        uses.leased(number, due)
    return uses


def test_as_many_slots_as_the_limit_allows_may_lie_anywhere() -> None:
    assert after(3, 0.0, 0.0).next_at_the_earliest(0.0) == float("-inf")
    assert after(3, 0.0, 0.0, 0.0).next_at_the_earliest(0.0) == pytest.approx(1.0 + WAY)


def test_a_limit_between_two_numbers_allows_the_larger_one() -> None:
    assert after(1.5, 0.0).next_at_the_earliest(0.0) == float("-inf")
    assert after(1.5, 0.0, 0.6).next_at_the_earliest(0.0) == pytest.approx(1.0 + WAY)


def test_a_late_use_moves_what_lies_a_second_after_it_and_leaves_room_for_as_much_lateness_on_the_way() -> (
    None
):
    uses = after(1, 5.0)
    uses.used(0, 5.07)
    assert uses.next_at_the_earliest(5.07) == pytest.approx(5.07 + 1.0 + 0.07)
    assert uses.next_at_the_earliest(100.0) == pytest.approx(5.07 + 1.0 + WAY)


def test_what_was_late_lately_counts_although_the_last_was_not_and_fades_within_ten_seconds_or_so() -> None:
    uses = after(1, 5.0)
    uses.used(0, 5.08)
    for due, lateness in ((7.0, 0.08 * math.exp(-1.92 / 10.0)), (107.0, WAY)):
        uses.leased(0, due)
        uses.used(0, due)
        assert uses.next_at_the_earliest(due) == pytest.approx(due + 1.0 + lateness)


def test_a_use_that_was_told_of_is_not_taken_for_later_by_the_next_report() -> None:
    uses = after(1, 5.0)
    uses.used(0, 5.0)
    uses.used(0, 5.3)
    assert uses.next_at_the_earliest(5.3) == pytest.approx(5.0 + 1.0 + WAY)


def test_no_use_is_taken_for_later_than_slots_last() -> None:
    uses = after(1, 5.0)
    uses.used(0, 50.0)
    assert uses.next_at_the_earliest(50.0) == pytest.approx(5.5 + 1.0 + 0.1)


def test_a_report_is_of_what_was_due_and_of_nothing_that_comes_or_is_somebody_elses() -> None:
    uses = RecentUses(3)
    for who, due in (("a", 1.0), ("a", 1.4), ("b", 1.7)):
        uses.leased(who, due)
    uses.used("a", 1.1)
    uses.used("c", 1.6)
    uses.used("a", 1.6)
    uses.leased("b", 2.0)
    assert uses.next_at_the_earliest(1000.0) == pytest.approx(1.6 + 1.0 + WAY)


def test_who_is_gone_tells_no_more() -> None:
    uses = after(1, 5.0)
    uses.forget(0)
    uses.used(0, 5.3)
    assert uses.next_at_the_earliest(5.3) == 6.0 + WAY
