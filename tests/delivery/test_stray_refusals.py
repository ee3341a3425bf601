"""Which refusals no lower rate would spare: when that is known, what is then expected, and how it is forgotten."""

from __future__ import annotations

import pytest

from delivery.stray_refusals import StrayRefusals


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
    [(0.3, 0.3), (0.3, 0.3, 0.1), (0.6, 0.1, 0.1), (0.01, 0.3, 0.3), (0.8, 0.5, 0.5), (0.9, 0.9, 0.9)],
)
def test_one_cut_in_vain_one_that_met_another_share_or_a_service_that_refuses_nearly_all_show_nothing(
    shares: tuple[float, ...],
) -> None:
    stray, back = after_cuts(*shares)
    assert (stray.share, back) == (0.0, None)


def test_it_leads_back_to_the_rate_from_before_the_first_cut_although_the_share_was_told_later() -> None:
    stray, back = after_cuts(0.01, 0.3, 0.3, 0.3)
    assert back == 1000.0
    assert stray.share == pytest.approx(0.3)


def test_refusals_after_a_rate_was_tried_that_is_above_the_granted_one_show_nothing() -> None:
    stray, back = after_cuts(0.3, 0.3, 0.3, 0.3, unprovoked=False)
    assert (stray.share, back) == (0.0, None)


def test_what_is_expected_says_nothing_against_the_rate_and_more_does() -> None:
    stray, _ = after_cuts(0.3, 0.3, 0.3)
    assert 600 < stray.most(2000) < 720
    nothing_known = StrayRefusals()
    nothing_known.answered(900, 100, 10.0)
    assert nothing_known.most(2000) == 0.0
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


def test_after_it_is_known_the_next_cut_is_the_first_again() -> None:
    stray, _ = after_cuts(0.3, 0.3, 0.3)
    for _ in range(2):
        assert stray.would_cut_in_vain(500.0, 0.5, unprovoked=True) is None
    assert stray.would_cut_in_vain(500.0, 0.5, unprovoked=True) is not None
