"""Which refusals no lower rate would spare: when that is known, what is then expected, and how it is forgotten."""

from __future__ import annotations

import math

import pytest

from delivery.pacing.driver.stray_refusals import StrayRefusals


def after_cuts(*shares: float, unprovoked: bool = True) -> tuple[StrayRefusals, float | None]:
    """What is known after cuts two seconds apart, from 1,000 attempts a second on, half of it each time."""
    stray, rate, now = StrayRefusals(), 1000.0, 0.0
    back = None
    for number, share in enumerate(shares):
        stray.answered(2 * rate * (1 - share), 2 * rate * share, now)
        back = stray.would_cut_in_vain(rate, share, unprovoked=unprovoked and number > 0)
        rate, now = rate / 2, now + 2.0
    return stray, back


def test_two_cuts_that_change_nothing_show_it_and_lead_back_to_the_rate_before_them() -> None:
    stray, back = after_cuts(0.3, 0.3, 0.3)
    assert back == 1000.0
    assert stray.share == pytest.approx(0.3)


@pytest.mark.parametrize(
    "shares",
    [
        (0.3, 0.3),
        (0.3, 0.3, 0.1),
        (0.3, 0.3, 0.1, 0.1),
        (0.6, 0.1, 0.1),
        (0.01, 0.3, 0.3),
        (0.8, 0.5, 0.5),
        (0.9, 0.9, 0.9),
    ],
)
def test_too_few_cuts_another_share_or_nearly_all_refused_show_nothing(
    shares: tuple[float, ...],
) -> None:
    """One cut without effect, one that met another share, or a service that refuses nearly all."""
    stray, back = after_cuts(*shares)
    assert (stray.share, back) == (0.0, None)


@pytest.mark.parametrize(("middle", "back"), [(0.16, 1000.0), (0.14, None)])
def test_a_share_is_the_same_down_to_half_of_the_other(middle: float, back: float | None) -> None:
    assert after_cuts(0.3, middle, 0.3)[1] == back


def test_it_leads_back_to_the_rate_from_before_the_first_cut() -> None:
    """Although the share is known later."""
    stray, back = after_cuts(0.01, 0.3, 0.3, 0.3)
    assert back == 1000.0
    assert stray.share == pytest.approx(0.3)


def test_refusals_after_a_rate_was_tried_that_is_above_the_granted_one_show_nothing() -> None:
    stray, back = after_cuts(0.3, 0.3, 0.3, 0.3, unprovoked=False)
    assert (stray.share, back) == (0.0, None)


def test_what_is_expected_says_nothing_against_the_rate_and_more_does() -> None:
    stray, _ = after_cuts(0.3, 0.3, 0.3)
    assert stray.tolerated(2000) == pytest.approx(600 + 5 * math.sqrt(0.3 * 0.7 * 2000))
    nothing_known = StrayRefusals()
    nothing_known.answered(900, 100, 10.0)
    assert nothing_known.tolerated(2000) == 0.0
    assert not nothing_known.is_passed()
    assert not stray.is_passed()
    for second in range(60):
        stray.answered(600, 400, 10.0 + second)
    assert stray.is_passed()


def test_what_is_expected_sinks_as_refusals_do_and_never_rises_by_itself() -> None:
    stray, _ = after_cuts(0.3, 0.3, 0.3)
    for second in range(60):
        stray.answered(900, 100, 10.0 + second)
    assert stray.share == pytest.approx(0.1, abs=0.02)
    for second in range(60):
        stray.answered(700, 300, 70.0 + second)
    assert stray.share == pytest.approx(0.1, abs=0.02)
    for second in range(180):
        stray.answered(1000, 0, 130.0 + second)
    assert (stray.share, stray.is_passed()) == (0.0, False)


@pytest.mark.parametrize(("refused", "left"), [(45, 0.0), (60, 0.006)])
def test_less_than_one_refusal_in_two_hundred_is_forgotten(refused: int, left: float) -> None:
    stray, _ = after_cuts(0.3, 0.3, 0.3)
    for second in range(300):
        stray.answered(10_000 - refused, refused, 10.0 + second)
    assert stray.share == pytest.approx(left, abs=1e-4)


def test_of_many_attempts_one_in_two_hundred_more_than_expected_is_no_sign() -> None:
    for refused, passed in ((30_400, False), (31_000, True)):
        stray, _ = after_cuts(0.3, 0.3, 0.3)
        for second in range(60):
            stray.answered(100_000 - refused, refused, 10.0 + second)
        assert stray.is_passed() == passed


def test_what_was_heard_twenty_seconds_ago_weighs_a_third_or_so() -> None:
    stray, _ = after_cuts(0.3, 0.3, 0.3)
    heard = 1000 * math.exp(-2.0 / 20.0) + 500  # since the first cut, the last of it at 4 s
    stray.answered(1000, 0, 4.0 + 20.0)
    weighs = heard * math.exp(-1.0)
    assert stray.share == pytest.approx(0.3 * weighs / (weighs + 1000))


def test_after_it_is_known_the_next_cut_is_the_first_again() -> None:
    stray, _ = after_cuts(0.3, 0.3, 0.3)
    for _ in range(2):
        assert stray.would_cut_in_vain(500.0, 0.5, unprovoked=True) is None
    assert stray.would_cut_in_vain(500.0, 0.5, unprovoked=True) is not None
