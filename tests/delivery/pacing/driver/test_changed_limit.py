"""A limit that changes while the job sends: it holds in every second, is used at once, and forgets nothing learnt."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.pacing.driver.budget import LEAD_SECONDS, Budget, allowed_in_a_second, pace_of
from tests.delivery.simulated_job import busiest_second


def slots_of(rates: list[tuple[float, float]], partitions: int, seconds: float) -> list[float]:
    """When the slots lie of partitions that always want more; `rates`: from when on, which limit."""
    budget = Budget(rates[0][1])
    changes, slots, now = list(rates[1:]), list[float](), 0.0
    while now < seconds:
        while changes and changes[0][0] <= now:
            budget.set_limit(changes.pop(0)[1])
        for who in range(partitions):
            budget.ask(who, 500, now)
        for _, grant in budget.grants(now):
            slots += [now + grant.start_in + number * grant.spacing for number in range(grant.count)]
        now += 0.01
    return sorted(slots)


LIMITS = st.sampled_from([0.2, 1.0, 3.0, 15.0, 20.0, 100.0, 1000.0])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 3.0), LIMITS), max_size=5), LIMITS, st.integers(1, 16))
def test_a_limit_that_changes_holds_in_every_second_and_makes_no_burst(
    steps: list[tuple[float, float]], first: float, partitions: int
) -> None:
    """A second in which the limit changed may see what the higher one allows."""
    rates, at = [(0.0, first)], 0.0
    for pause, limit in steps:
        at += pause
        rates.append((at, limit))
    slots = slots_of(rates, partitions, at + 3)
    # What was granted before a change is up to a lead and a round after it.
    ends = [start + LEAD_SECONDS + 0.06 for start, _ in rates[1:]] + [math.inf]
    for number, begin in enumerate(slots):
        inside = sum(1 for slot in slots[number:] if slot < begin + 1.0)
        active = [
            limit
            for (start, limit), end in zip(rates, ends, strict=True)
            if start < begin + 1.0 and end > begin
        ]
        assert inside <= allowed_in_a_second(max(active)) + (max(active) < 20)


@pytest.mark.parametrize(("low", "high"), [(0.01, 100.0), (1.0, 1000.0)])
def test_a_limit_that_is_raised_is_used_at_once(low: float, high: float) -> None:
    """The next slot of the low limit is seconds ahead, and is not waited for."""
    slots = slots_of([(0.0, low), (5.0, high)], 4, 7.0)
    assert sum(1 for slot in slots if 5.2 <= slot < 6.2) >= 0.95 * high


@settings(max_examples=60, deadline=None)
@given(LIMITS, LIMITS, st.floats(5.0, 6.0), st.sampled_from([1, 4]))
def test_no_second_exceeds_the_higher_limit_where_old_slots_are_used_late(
    before: float, after: float, at: float, partitions: int
) -> None:
    """A slot of a small limit may be used a quarter of a second late: then the new limit's first ones are due, too."""
    late = late_slots_of(before, after, at, partitions)
    assert busiest_second(late) <= allowed_in_a_second(max(before, after))


def late_slots_of(before: float, after: float, at: float, partitions: int) -> list[float]:
    """When slots are used if those of the first limit are all as late as they may be, and the others on time."""
    budget, uses, now = Budget(before), list[float](), 0.0
    changed = False
    while now < at + 3.0:
        if now >= at and not changed:
            budget.set_limit(after)
            changed = True
        for who in range(partitions):
            budget.ask(who, 500, now)
        for _, grant in budget.grants(now):
            late = 0.0 if changed else grant.patience
            uses += [now + late + grant.start_in + number * grant.spacing for number in range(grant.count)]
        now += 0.01
    return sorted(uses)


def test_a_new_limit_keeps_what_was_learnt_of_the_service() -> None:
    budget = Budget(100)
    budget.answered(era=0, accepted=100, refused=50, now=0)
    cut = budget.rate
    budget.set_limit(1000)
    assert budget.rate == cut
    budget.set_limit(10)
    assert budget.rate == pace_of(10)
