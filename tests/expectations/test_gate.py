from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.gate import too_many_rejected


def test_nothing_read_is_nothing_refused() -> None:
    assert too_many_rejected(0, 0, 0.0) is None


@pytest.mark.parametrize(("rejected", "read"), [(1, 100), (3, 300), (7, 700), (0, 5)])
def test_exactly_the_allowed_share_passes(rejected: int, read: int) -> None:
    assert too_many_rejected(rejected, read, 0.01) is None


def test_a_refusal_says_how_many_of_how_many_and_which_setting_decides() -> None:
    sentence = too_many_rejected(11, 1_000, 0.01)
    assert (
        sentence == "11 of 1,000 rows were rejected (1.1000%); checks.max_rejected_fraction allows 1.0000%."
    )


@given(read=st.integers(1, 10**12), percent=st.integers(0, 100), data=st.data())
def test_the_share_is_compared_exactly(read: int, percent: int, data: st.DataObject) -> None:
    rejected = data.draw(st.integers(0, read))
    refused = too_many_rejected(rejected, read, percent / 100) is not None
    assert refused == (Fraction(rejected, read) > Fraction(percent, 100))
