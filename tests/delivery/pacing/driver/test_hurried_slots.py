"""Slots out of turn: at no time many more than a second before, whenever the plan makes room for them."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from delivery.pacing.driver.hurried_slots import HurriedSlots


def test_no_more_are_given_until_the_plan_has_made_room() -> None:
    slots = HurriedSlots(1)
    assert slots.may_give(10.0, made_up_at=10.2)
    assert not slots.may_give(10.1, made_up_at=10.3)
    assert slots.made_up_at() == 10.2
    assert slots.may_give(10.2, made_up_at=10.4)


def test_what_comes_steadily_makes_room_for_more_after_a_second() -> None:
    slots = HurriedSlots(1)
    assert slots.may_give(0.0, made_up_at=9.0)
    assert not slots.may_give(0.9, made_up_at=9.0)
    assert slots.may_give(1.1, made_up_at=9.0)


def test_none_are_given_where_there_is_no_room() -> None:
    slots = HurriedSlots(0)
    assert not slots.may_give(0.0, made_up_at=9.0)
    assert slots.made_up_at() == math.inf


@given(st.lists(st.tuples(st.floats(0, 0.2), st.floats(0, 0.3)), max_size=200), st.sampled_from([1, 4]))
def test_no_second_ever_has_more_above_the_plan_than_there_is_room_for(
    steps: list[tuple[float, float]], max_slots: int
) -> None:
    slots, now = HurriedSlots(max_slots), 10.0
    moves: list[tuple[float, int]] = []
    for step, ahead in steps:
        now += step
        if slots.may_give(now, now + ahead):
            moves += [(now, 1), (now + ahead, -1)]
    for begin in [at - 1e-9 for at, _ in moves]:
        above = sum(move for at, move in moves if begin < at < begin + 1.05)
        assert above <= max_slots
