"""The budget on a simulated clock: the limit holds, is used, and is shared by who has what left."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.pacing.driver.budget import (
    LEAD_SECONDS,
    Budget,
    allowed_in_a_second,
    free_lateness,
    hurried_lateness,
    out_of_turn,
    pace_of,
)
from tests.delivery.simulated_job import PLENTY, SimulatedJob, World, busiest_second


def allowed(limit: float) -> int:
    """The contract's: at most 5 % over the limit in any second, below 20 requests/s one request."""
    return math.floor(1.05 * limit if limit >= 20 else limit + 1)


@st.composite
def worlds(draw: st.DrawFn, partitions: int) -> World:
    number = st.integers(0, partitions - 1)
    moment = st.floats(0, 4)
    stalls = draw(st.lists(st.tuples(number, moment, st.floats(0.01, 1)), max_size=8))
    deaths = draw(st.lists(st.tuples(number, moment), max_size=min(3, partitions - 1)))
    return World(
        link=draw(st.floats(0, 0.005)),
        network=draw(st.floats(0, 0.010)),
        wake_up=draw(st.floats(0, 0.2)),
        stalls=tuple((who, start, start + seconds) for who, start, seconds in stalls),
        deaths=tuple(deaths),
    )


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_second_passes_the_limit_by_more_than_is_allowed(
    data: st.DataObject,
) -> None:
    """Even where partitions stall or die."""
    limit = data.draw(st.sampled_from([1, 2, 3, 5, 10, 19, 20, 25, 39, 59, 100, 333, 1000, 2000]))
    partitions = data.draw(st.integers(1, 200))
    work = data.draw(st.lists(st.integers(0, 400), min_size=partitions, max_size=partitions))
    job = SimulatedJob(limit, work, data.draw(worlds(partitions)), data.draw(st.integers(0, 999))).run(6)
    assert job.busiest_second() <= allowed(limit)


@settings(max_examples=40, deadline=None)
@given(limit=st.integers(20, 3000), partitions=st.integers(1, 200), seed=st.integers(0, 999))
def test_the_limit_is_used_while_there_is_work(limit: int, partitions: int, seed: int) -> None:
    seconds = 6 if limit >= 50 else 300 / limit
    job = SimulatedJob(limit, [PLENTY] * partitions, seed=seed).run(0.2 + seconds)
    attempts = sum(at >= 0.2 for at in job.arrivals)
    assert attempts + 2 >= 0.97 * limit * seconds  # one may be under way, one falls on the edge
    assert job.busiest_second() <= allowed(limit)


@settings(max_examples=60, deadline=None)
@given(
    limit=st.floats(1, 19.99),
    partitions=st.integers(1, 64),
    wake_up=st.floats(0, 0.05),
    network=st.floats(0, 0.05),
    seed=st.integers(0, 999),
)
def test_below_20_a_second_the_limit_holds_within_a_request_and_is_used(
    limit: float, partitions: int, wake_up: float, network: float, seed: int
) -> None:
    """From the first request to the last, however late each of them is on its way."""
    world = World(wake_up=wake_up, network=network)
    job = SimulatedJob(limit, [PLENTY] * partitions, world, seed).run(200 / limit)
    assert job.busiest_second() <= allowed(limit)
    assert len(job.arrivals) - 1 >= 0.85 * limit * (max(job.arrivals) - min(job.arrivals))


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_a_low_limit_over_many_partitions_finishes_the_work(limit: int) -> None:
    job = SimulatedJob(limit, [1] * 64).run(64 / (0.85 * limit) + 1)
    assert job.left == 0
    assert len(job.arrivals) == 64


def test_one_partition_with_all_the_work_gets_all_of_the_limit() -> None:
    job = SimulatedJob(1000, [PLENTY] + [3] * 63).run(6)
    assert job.used(1, 5.9) >= 960


def test_partitions_that_die_give_what_they_had_to_the_rest_at_once() -> None:
    deaths = tuple((number, 2.0) for number in range(60))
    job = SimulatedJob(1000, [PLENTY] * 64, World(deaths=deaths)).run(5)
    assert job.used(2.0, 3.0) >= 800  # what they held: the lead and one round of grants
    assert job.used(2.2, 4.9) >= 970


def test_partitions_that_finish_waste_nothing() -> None:
    work = [50 * number for number in range(1, 41)]
    job = SimulatedJob(2000, work).run(60)
    assert job.left == 0
    assert max(job.arrivals) <= sum(work) / 2000 / 0.96


def test_there_is_no_credit_for_idle_time() -> None:
    budget = Budget(100)
    budget.ask("a", 10, now=0.0)
    budget.grants(0.0)
    budget.ask("a", 1000, now=50.0)
    slots = 0
    for hundredth in range(100):
        budget.ask("a", 1000, now=50 + hundredth / 100)
        slots += sum(grant.count for _, grant in budget.grants(50 + hundredth / 100))
    assert slots <= 100 * (1 + LEAD_SECONDS) + 6


def test_no_grant_is_for_more_than_was_asked() -> None:
    budget = Budget(1000)
    budget.ask("a", 3, now=0.0)
    budget.ask("b", 1, now=0.0)
    assert {who: grant.count for who, grant in budget.grants(0.0)} == {"a": 3, "b": 1}
    assert budget.due_in(0.0) is None


def test_the_first_to_ask_is_the_first_to_send() -> None:
    budget = Budget(1)
    for who in "abc":
        budget.ask(who, 5, now=0.0)
    order = [who for tenth in range(40) for who, _ in budget.grants(tenth / 10)]
    assert order == ["a", "b", "c"]


def test_who_has_more_left_gets_more() -> None:
    budget, got = Budget(400), Counter[object]()
    for hundredth in range(500):
        for who, left in (("a", 9_000), ("b", 1_000)):
            budget.ask(who, 100, hundredth / 100, left)
        for who, grant in budget.grants(hundredth / 100):
            got[who] += grant.count
    assert 7.5 <= got["a"] / got["b"] <= 10.5


def test_a_session_that_must_not_wait_gets_a_slot_at_once_and_the_plan_makes_room() -> None:
    budget = Budget(100)
    budget.ask("a", 1000, now=0.0)
    before = sum(grant.count for _, grant in budget.grants(0.0))
    hurried = budget.hurry("b", now=0.0)
    assert hurried is not None
    assert (hurried.count, hurried.start_in) == (1, 0.0)
    later = before + sum(
        grant.count
        for tick in range(1, 100)
        for _, grant in (budget.ask("a", 1000, tick / 100), *budget.grants(tick / 100))[1:]
    )
    assert later <= 100 * (1 + LEAD_SECONDS) + 5


def test_a_slot_at_once_that_had_to_wait_is_given_when_the_plan_has_made_room() -> None:
    budget = Budget(40)
    budget.ask("a", 1000, now=0.0)
    budget.grants(0.0)
    assert budget.hurry("b", now=0.0) is not None
    assert budget.hurry("b", now=0.02) is None
    due = budget.due_in(0.02)
    assert due is not None
    assert budget.hurried(0.02) == []
    assert [who for who, _ in budget.hurried(0.0201 + due)] == ["b"]
    assert budget.hurried(0.2) == []


def test_who_had_its_slot_at_once_has_no_turn_left_that_would_pass_unused() -> None:
    for asked_too in (True, False):
        budget = Budget(40)
        budget.ask("a", 1000, now=0.0)
        budget.grants(0.0)
        assert budget.hurry("b", now=0.0) is not None
        assert budget.hurry("b", now=0.02) is None
        if asked_too:
            budget.ask("b", 1, now=0.021)  # for another request
        due = budget.due_in(0.021)
        assert due is not None
        assert [who for who, _ in budget.hurried(0.0211 + due)] == ["b"]
        assert [who for who, _ in budget.grants(1.0)] == (["b"] if asked_too else [])


def test_a_slot_at_once_is_not_given_to_who_has_asked_again_or_gone() -> None:
    for forgotten in (True, False):
        budget = Budget(40)
        budget.ask("a", 1000, now=0.0)
        budget.grants(0.0)
        assert budget.hurry("b", now=0.0) is not None
        assert budget.hurry("b", now=0.02) is None
        if forgotten:
            budget.forget("b")
        assert budget.hurried(0.035 if forgotten else 0.2) == []


def test_below_twenty_a_second_no_slot_is_given_out_of_turn() -> None:
    assert Budget(19).hurry("a", now=5.0) is None
    assert out_of_turn(19) == 0


@given(st.integers(20, 100_000))
def test_slots_out_of_turn_and_late_ones_together_fit_into_the_limit(limit: int) -> None:
    assert out_of_turn(limit) >= 1
    late = hurried_lateness(limit) + 0.015
    planned = math.ceil(pace_of(limit) * (1 + late) - 1e-9)
    assert planned + out_of_turn(limit) <= allowed(limit)


@pytest.mark.parametrize("limit", [21, 25, 30])
def test_no_second_holds_slots_that_may_be_later_and_one_out_of_turn(limit: int) -> None:
    """At 25 requests a second one request is 4 %: there is no room for it and for slots of 30 ms late.

    A round is granted beyond the lead, and what goes out late is on its way for a while.
    """
    budget, latest, now = Budget(limit), 0.0, 0.0
    while latest <= now + LEAD_SECONDS + free_lateness(limit):
        now += 0.001
        for who in "ab":
            budget.ask(who, 1000, now)
        for _, grant in budget.grants(now):
            assert grant.patience > hurried_lateness(limit)
            last = now + grant.start_in + (grant.count - 1) * grant.spacing
            latest = max(latest, last + grant.patience + 0.015)
    while (hurried := budget.hurry("c", now)) is None:
        now += 0.001
    assert latest + 1.0 <= now < latest + 1.01
    assert hurried.patience == hurried_lateness(limit)
    budget.ask("a", 1000, now)
    assert {grant.patience for _, grant in budget.grants(now + 0.1)} == {hurried_lateness(limit)}


def test_who_is_forgotten_gets_nothing() -> None:
    budget = Budget(1)
    budget.ask("a", 5, now=0.0)
    budget.forget("a")
    assert budget.due_in(0.0) is None
    assert budget.grants(0.0) == []


@given(st.integers(1, 100_000))
def test_late_and_jittery_attempts_still_fit_into_the_limit(limit: int) -> None:
    assert allowed_in_a_second(limit) == allowed(limit)
    room = allowed(limit) / pace_of(limit) - 1.0
    on_the_way = max(0.015, min(0.030, room / 2))
    assert room - free_lateness(limit) - on_the_way >= -1e-9


def test_the_busiest_second_is_counted_wherever_it_begins() -> None:
    assert busiest_second([]) == 0
    assert busiest_second([0.9, 1.2, 1.8, 1.95]) == 3
