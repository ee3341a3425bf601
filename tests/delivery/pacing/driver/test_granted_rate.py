"""How the rate follows refusals: when it is cut, when not, and how it comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.pacing.driver.granted_rate import CUT, GrantedRate


def throttled(rate: GrantedRate, now: float, refused: int = 10, accepted: int = 1000) -> GrantedRate:
    rate.answered(rate.era, accepted, refused, now)
    return rate


def test_a_refusal_cuts_the_rate_and_begins_a_new_era() -> None:
    rate = throttled(GrantedRate(100), now=0)
    assert rate.rate == pytest.approx(100 * CUT, rel=0.02)
    assert rate.era == 1


def test_the_next_cut_waits_until_the_first_has_shown_its_effect() -> None:
    rate = throttled(GrantedRate(100), now=0)
    throttled(rate, now=1.9)
    assert rate.era == 1
    throttled(rate, now=2.0)
    assert rate.era == 2


def test_refusals_of_attempts_from_before_the_cut_cut_nothing() -> None:
    rate = throttled(GrantedRate(100), now=0)
    rate.answered(era=0, accepted=0, refused=1000, now=30)
    assert rate.era == 1


def test_a_few_refusals_among_thousands_are_the_jitter_of_a_network() -> None:
    rate = GrantedRate(10_000)
    rate.answered(0, accepted=20_000, refused=3, now=0)
    assert rate.era == 0


def test_at_a_small_rate_one_refusal_counts() -> None:
    assert throttled(GrantedRate(5), now=0, refused=1, accepted=3).era == 1


def test_many_refusals_cut_deeper_since_they_show_what_is_granted() -> None:
    few = throttled(GrantedRate(100), now=0, accepted=99, refused=1)
    many = throttled(GrantedRate(100), now=0, accepted=60, refused=40)
    assert many.rate == pytest.approx(60 * CUT)
    assert many.rate < few.rate


def test_an_unused_rate_is_not_raised() -> None:
    rate = throttled(GrantedRate(100), now=0)
    before = rate.rate
    rate.answered(rate.era, 10, 0, now=1000)
    assert rate.rate == before


def test_a_used_rate_comes_back_below_the_refused_one_and_stays_a_while() -> None:
    rate = throttled(GrantedRate(100), now=0, accepted=10**6, refused=6000)
    seen = []
    for _ in range(60):
        rate.use(0.5)
        seen.append(rate.rate)
    assert seen == sorted(seen)
    assert seen[6] == seen[20] == pytest.approx(95, rel=0.02)
    assert seen[-1] == 100


def played(rate: GrantedRate, seconds: float, refused_share: float, start: float) -> list[float]:
    """Use the rate fully for so long, that share of it refused in every tenth of a second; the rates that were used."""
    seen = []
    for tenth in range(int(seconds * 10)):
        attempts = rate.rate / 10
        rate.use(0.1)
        refused = round(attempts * refused_share)
        rate.answered(rate.era, round(attempts) - refused, refused, start + tenth / 10)
        seen.append(rate.rate)
    return seen


def test_refusals_that_no_cut_lowers_cut_the_rate_for_some_seconds_only() -> None:
    rate = GrantedRate(1000)
    seen = played(rate, 30, 0.3, start=0)
    assert min(seen) < 500
    assert min(seen[100:]) > 900


def test_among_few_attempts_chance_decides_so_a_further_cut_waits_for_more_of_them() -> None:
    rate = throttled(GrantedRate(10), now=0, refused=2, accepted=8)
    throttled(rate, now=2.5, refused=1, accepted=5)
    assert rate.era == 1
    throttled(rate, now=3.0, refused=1, accepted=1)
    assert rate.era == 2


def test_when_they_have_ended_a_refusal_counts_as_it_did_before() -> None:
    rate = GrantedRate(1000)
    played(rate, 20, 0.3, start=0)
    played(rate, 150, 0.0, start=20)
    assert rate.rate == 1000
    played(rate, 1, 0.02, start=170)
    assert rate.rate < 750


answers = st.tuples(
    st.integers(0, 3), st.integers(0, 500), st.integers(0, 500), st.floats(0, 5), st.floats(0, 20)
)


@given(st.floats(0.5, 10**6), st.lists(answers))
def test_the_rate_never_leaves_the_room_between_floor_and_ceiling(
    ceiling: float, story: list[tuple[int, int, int, float, float]]
) -> None:
    rate, now = GrantedRate(ceiling), 0.0
    for ago, accepted, refused, pause, used in story:
        now += pause
        rate.use(used)
        rate.answered(rate.era - ago, accepted, refused, now)
        assert 0.02 * ceiling <= rate.rate <= ceiling
