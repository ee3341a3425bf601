"""Turns: everyone is served in proportion to its weight, and none that asks is left out."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from delivery.pacing.driver.turns import Turns


def served(weights: list[int], rounds: int, places: int) -> Counter[object]:
    """How many slots each one got that always wants more."""
    turns, got = Turns(), Counter[object]()
    for _ in range(rounds):
        for who, weight in enumerate(weights):
            turns.ask(who, 1_000, weight)
        slots, order = turns.take(2, places)
        got.update({who: slots * times for who, times in Counter(order).items()})
    return got


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.integers(1, 20))
def test_slots_are_given_in_proportion_to_the_weights(weights: list[int], places: int) -> None:
    got = served(weights, rounds=400, places=places)
    for who, weight in enumerate(weights):
        fair = got.total() * weight / sum(weights)
        assert abs(got[who] - fair) <= 2 * len(weights) + 2


def test_equals_are_served_in_the_order_in_which_they_asked() -> None:
    turns = Turns()
    for who in "cab":
        turns.ask(who, 4, 7)
    assert turns.take(4, 9) == (4, ["c", "a", "b"])
    assert not turns


def test_who_wants_less_is_served_alone() -> None:
    turns = Turns()
    turns.ask("a", 1, 1)
    turns.ask("b", 9, 1)
    assert turns.take(3, 5) == (1, ["a"])
    assert turns.take(3, 5) == (3, ["b", "b", "b"])


def test_who_was_away_has_no_credit() -> None:
    turns = Turns()
    for _ in range(100):
        turns.ask("a", 1, 1)
        turns.take(1, 1)
    order = []
    for _ in range(20):
        turns.ask("a", 1, 1)
        turns.ask("b", 1, 1)
        order += turns.take(1, 1)[1]
    assert all(one != other for one, other in pairwise(order))


def test_who_is_forgotten_is_passed_over() -> None:
    turns = Turns()
    turns.ask("a", 5, 1)
    turns.ask("b", 5, 1)
    turns.forget("a")
    assert turns.take(5, 2) == (5, ["b"])
    assert "a" not in turns
