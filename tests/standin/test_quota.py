from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standin.quota import Quota, QuotaStep, parse_quota
from standin.refusal import Refusal


def passes(quota: Quota, now: float) -> bool:
    try:
        quota.spend(now)
    except Refusal:
        return False
    return True


def passed(quota: Quota, rate: float, start: float, seconds: float) -> int:
    """How many of evenly spaced attempts pass."""
    return sum(passes(quota, start + number / rate) for number in range(round(rate * seconds)))


def test_without_a_quota_everything_passes() -> None:
    assert passed(Quota(), 10_000, 0, 1) == 10_000


def test_the_bucket_lets_one_second_of_quota_through_at_once() -> None:
    quota = Quota(parse_quota("50"))
    assert sum(passes(quota, 7.0) for _ in range(200)) == 50


def test_a_long_silence_saves_up_no_more_than_one_second() -> None:
    quota = Quota(parse_quota("50"))
    assert passes(quota, 0.0)
    assert sum(passes(quota, 3600.0) for _ in range(200)) == 50


@given(st.integers(1, 300), st.integers(2, 20))
def test_a_steady_excess_gets_the_quota_and_the_bucket(rate: int, seconds: int) -> None:
    allowed = passed(Quota(parse_quota(str(rate))), rate * 3, 1000.0, seconds)
    assert rate * seconds <= allowed <= rate * (seconds + 1) + 1


@given(st.integers(1, 300))
def test_a_client_that_keeps_the_quota_is_never_throttled(rate: int) -> None:
    assert passed(Quota(parse_quota(str(rate))), rate * 0.999, 0, 10) == round(rate * 9.99)


def test_another_rate_counts_from_its_second_on() -> None:
    quota = Quota(parse_quota("10,100@5"))
    assert passed(quota, 1000, 0, 5) <= 61
    assert 90 <= passed(quota, 1000, 6, 1) <= 201


def test_a_quota_reads_as_its_steps() -> None:
    assert parse_quota("300,600@10") == (QuotaStep(0, 300), QuotaStep(10, 600))


@pytest.mark.parametrize("text", ["", "0", "-1", "many", "300@5", "300,600@x", "nan", "300,600@-1"])
def test_what_is_no_quota_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_quota(text)
