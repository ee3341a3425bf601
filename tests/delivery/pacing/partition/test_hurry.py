"""When a partition asks for a slot at once: its session alone would outlast the rest."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.pacing.partition.hurry import Hurry


def hurry(answer: float | None = 0.03, rest: float | None = 10.0) -> Hurry:
    it = Hurry()
    if answer is not None:
        it.answered(answer)
    if rest is not None:
        it.rest_takes(rest, now=100.0)
    return it


@pytest.mark.parametrize(("after", "hurries"), [(1_000, True), (300, True), (100, False), (0, False)])
def test_a_session_is_hurried_that_takes_about_as_long_as_the_rest(after: int, hurries: bool) -> None:  # noqa: FBT001
    assert hurry().begin(100.0, after, pause=0.05, spare=False) == hurries


def test_the_rest_goes_on_while_a_session_waits() -> None:
    assert not hurry().begin(100.0, 100, pause=0.05, spare=False)
    assert hurry().begin(107.0, 100, pause=0.05, spare=False)


@pytest.mark.parametrize(("answer", "rest"), [(None, 10.0), (0.03, None)])
def test_nothing_is_hurried_before_the_times_are_known(answer: float | None, rest: float | None) -> None:
    assert not hurry(answer, rest).begin(100.0, 10**6, pause=None, spare=False)


def test_a_slot_that_is_due_at_once_is_enough() -> None:
    assert not hurry().begin(100.0, 1_000, pause=0.0, spare=False)


def test_a_slot_that_no_other_session_needs_is_worth_a_short_wait() -> None:
    """Another one before it would leave it unused, and with it a share of the limit."""
    assert not hurry().begin(100.0, 1_000, pause=0.015, spare=True)
    assert hurry().begin(100.0, 1_000, pause=0.015, spare=False)
    assert hurry().begin(100.0, 1_000, pause=0.02, spare=True)


def test_one_slot_is_asked_for_at_a_time_and_the_driver_may_be_silent() -> None:
    it = hurry()
    assert it.begin(100.0, 1_000, pause=None, spare=False)
    assert not it.begin(100.01, 1_000, pause=None, spare=False)
    assert it.begin(100.1, 1_000, pause=None, spare=False)
    it.end()
    assert it.begin(100.101, 1_000, pause=None, spare=False)


@given(st.floats(0, 1e9), st.floats(0, 0.1))
def test_asking_again_is_never_due_at_once(now: float, later: float) -> None:
    """A pause of nothing would let the sender send without a slot."""
    it = Hurry()
    assert it.again_in(now) == math.inf
    it.answered(1.0)
    it.rest_takes(0.0, now)
    assert it.begin(now, 10, pause=None, spare=False)
    assert it.again_in(now + later) > 0
