"""The waits between attempts: bounded, growing, spread."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.sending import backoff


@given(retry=st.integers(-5, 10**9), throttled=st.booleans(), drawn=st.floats(0, 1, exclude_max=True))
def test_a_wait_is_between_zero_and_its_bound_after_any_number_of_retries(
    retry: int, *, throttled: bool, drawn: float
) -> None:
    wait = backoff.wait(retry, throttled=throttled, random=lambda: drawn)
    assert 0 <= wait <= backoff.bound(retry, throttled=throttled) <= backoff.CAP_SECONDS


@given(retry=st.integers(1, 1000), throttled=st.booleans())
def test_bounds_never_shrink(retry: int, *, throttled: bool) -> None:
    assert backoff.bound(retry, throttled=throttled) <= backoff.bound(retry + 1, throttled=throttled)


@pytest.mark.parametrize(("retry", "bound"), [(1, 0.2), (2, 0.4), (7, 12.8), (8, 20.0)])
def test_the_bound_doubles_up_to_the_cap(retry: int, bound: float) -> None:
    assert backoff.bound(retry, throttled=False) == pytest.approx(bound)


def test_a_throttled_request_waits_longer() -> None:
    assert backoff.bound(1, throttled=True) == 1.0
