from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standin.faults import FaultPlan, parse_faults
from tests.standin.signing import event


def drawn(text: str, seed: int = 1, requests: int = 5000) -> list[str | None]:
    plan = FaultPlan(parse_faults(text), seed)
    return [plan.draw(number) for number in range(requests)]


def test_faults_strike_at_their_rates() -> None:
    counts = Counter(drawn("throttle=0.2,500=0.1,slow=0.05"))
    assert counts["throttle"] == pytest.approx(1000, rel=0.2)
    assert counts["500"] == pytest.approx(500, rel=0.2)
    assert counts["slow"] == pytest.approx(250, rel=0.3)
    assert set(counts) == {None, "throttle", "500", "slow"}


def test_the_same_seed_tells_the_same_story() -> None:
    assert drawn("throttle=0.5", seed=3) == drawn("throttle=0.5", seed=3) != drawn("throttle=0.5", seed=4)


def test_a_rate_of_one_strikes_always_and_none_never() -> None:
    assert set(drawn("forbidden=1")) == {"forbidden"}
    assert set(drawn("")) == {None}
    assert set(drawn("throttle=0")) == {None}


def test_down_strikes_once_its_number_of_requests_was_served() -> None:
    assert drawn("down=3", requests=5) == [None, None, None, "down", "down"]
    assert set(drawn("down=0", requests=5)) == {"down"}


@given(st.lists(st.text(min_size=1), min_size=1, max_size=10, unique=True))
def test_poison_is_found_again_by_halving(ids: list[str]) -> None:
    plan = FaultPlan(parse_faults("poison=0.3"), seed=5)
    events = [event(eventId=each) for each in ids]
    middle = len(events) // 2
    assert plan.poisons(events) == (plan.poisons(events[:middle]) or plan.poisons(events[middle:]))


def test_poison_strikes_at_its_rate_with_and_without_an_id() -> None:
    plan = FaultPlan(parse_faults("poison=0.1"), seed=5)
    assert sum(plan.poisons([event(eventId=str(number))]) for number in range(2000)) == pytest.approx(
        200, rel=0.3
    )
    without = [event(eventId=None, itemId=str(number)) for number in range(2000)]
    assert sum(plan.poisons([each]) for each in without) == pytest.approx(200, rel=0.3)


@pytest.mark.parametrize(
    "text", ["throttel=0.1", "throttle", "throttle=2", "500=-1", "500=nan", "500=0.6,503=0.6"]
)
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="fault"):
        parse_faults(text)
