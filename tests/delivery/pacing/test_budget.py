"""The budget on a simulated clock: the limit holds, is used, and follows what the service grants."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.pacing.budget import (
    LEAD_SECONDS,
    Budget,
    allowed_in_a_second,
    free_lateness,
    hurried_lateness,
    out_of_turn,
    pace_of,
)
from tests.delivery.simulated_job import SimulatedJob, World, busiest_second, steady_quota, window_quota

PLENTY = 10**9


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
    assert job.used(2.0, 3.0) >= 800  # what they held: the lead and one round of leases
    assert job.used(2.2, 4.9) >= 970


def test_partitions_that_finish_waste_nothing() -> None:
    work = [50 * number for number in range(1, 41)]
    job = SimulatedJob(2000, work).run(60)
    assert job.left == 0
    assert max(job.arrivals) <= sum(work) / 2000 / 0.96


def test_there_is_no_credit_for_idle_time() -> None:
    budget = Budget(100)
    budget.ask("a", 10, now=0.0)
    budget.leases(0.0)
    budget.ask("a", 1000, now=50.0)
    slots = 0
    for hundredth in range(100):
        budget.ask("a", 1000, now=50 + hundredth / 100)
        slots += sum(lease.count for _, lease in budget.leases(50 + hundredth / 100))
    assert slots <= 100 * (1 + LEAD_SECONDS) + 6


def ask_once_every(pause: float, budget: Budget, times: int) -> None:
    for number in range(times):
        now = 10 + number * pause
        budget.ask("a", 1, now)
        budget.leases(now)


@pytest.mark.parametrize(("pause", "raised"), [(0.1, False), (0.001, True)])
def test_after_a_cut_only_a_rate_that_is_used_is_raised(pause: float, raised: bool) -> None:  # noqa: FBT001
    budget = Budget(100)
    budget.answered(era=0, accepted=100, refused=50, now=0)
    cut = budget.rate
    ask_once_every(pause, budget, times=4000)
    assert (budget.rate > 1.1 * cut) == raised


def slots_of(rates: list[tuple[float, float]], partitions: int, seconds: float) -> list[float]:
    """When the slots lie of partitions that always want more; `rates`: from when on, which limit."""
    budget = Budget(rates[0][1])
    changes, slots, now = list(rates[1:]), list[float](), 0.0
    while now < seconds:
        while changes and changes[0][0] <= now:
            budget.set_limit(changes.pop(0)[1])
        for who in range(partitions):
            budget.ask(who, 500, now)
        for _, lease in budget.leases(now):
            slots += [now + lease.start_in + number * lease.spacing for number in range(lease.count)]
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
    # What was leased before a change is up to a lead and a round after it.
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
        for _, lease in budget.leases(now):
            late = 0.0 if changed else lease.patience
            uses += [now + late + lease.start_in + number * lease.spacing for number in range(lease.count)]
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


def test_no_lease_is_for_more_than_was_asked() -> None:
    budget = Budget(1000)
    budget.ask("a", 3, now=0.0)
    budget.ask("b", 1, now=0.0)
    assert {who: lease.count for who, lease in budget.leases(0.0)} == {"a": 3, "b": 1}
    assert budget.due_in(0.0) is None


def test_the_first_to_ask_is_the_first_to_send() -> None:
    budget = Budget(1)
    for who in "abc":
        budget.ask(who, 5, now=0.0)
    order = [who for tenth in range(40) for who, _ in budget.leases(tenth / 10)]
    assert order == ["a", "b", "c"]


def test_who_has_more_left_gets_more() -> None:
    budget, got = Budget(400), Counter[object]()
    for hundredth in range(500):
        for who, left in (("a", 9_000), ("b", 1_000)):
            budget.ask(who, 100, hundredth / 100, left)
        for who, lease in budget.leases(hundredth / 100):
            got[who] += lease.count
    assert 7.5 <= got["a"] / got["b"] <= 10.5


def test_a_session_that_must_not_wait_gets_a_slot_at_once_and_the_plan_makes_room() -> None:
    budget = Budget(100)
    budget.ask("a", 1000, now=0.0)
    before = sum(lease.count for _, lease in budget.leases(0.0))
    hurried = budget.hurry("b", now=0.0)
    assert hurried is not None
    assert (hurried.count, hurried.start_in) == (1, 0.0)
    later = before + sum(
        lease.count
        for tick in range(1, 100)
        for _, lease in (budget.ask("a", 1000, tick / 100), *budget.leases(tick / 100))[1:]
    )
    assert later <= 100 * (1 + LEAD_SECONDS) + 5


def test_a_slot_at_once_that_had_to_wait_is_given_when_the_plan_has_made_room() -> None:
    budget = Budget(40)
    budget.ask("a", 1000, now=0.0)
    budget.leases(0.0)
    assert budget.hurry("b", now=0.0) is not None
    assert budget.hurry("b", now=0.02) is None
    due = budget.due_in(0.02)
    assert due is not None
    assert budget.hurried(0.02) == []
    assert [who for who, _ in budget.hurried(0.0201 + due)] == ["b"]
    assert budget.hurried(0.2) == []


def test_a_slot_at_once_is_not_given_to_who_has_asked_again_or_gone() -> None:
    for forgotten in (True, False):
        budget = Budget(40)
        budget.ask("a", 1000, now=0.0)
        budget.leases(0.0)
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


def test_slots_that_may_be_later_are_gone_before_the_first_one_out_of_turn() -> None:
    """At 25 requests a second one request is 4 %: there is no room for it and for slots of 30 ms late."""
    budget = Budget(25)
    budget.ask("a", 1000, now=0.0)
    [(_, lease), *_] = budget.leases(0.0)
    assert lease.patience > hurried_lateness(25)
    assert budget.hurry("b", now=0.0) is None
    assert budget.hurry("b", now=0.1 + lease.patience - 0.001) is None
    hurried = budget.hurry("b", now=0.1 + lease.patience)
    assert hurried is not None
    assert hurried.patience == hurried_lateness(25)
    budget.ask("a", 1000, now=0.2)
    assert {lease.patience for _, lease in budget.leases(0.2)} == {hurried_lateness(25)}


def test_who_is_forgotten_gets_nothing() -> None:
    budget = Budget(1)
    budget.ask("a", 5, now=0.0)
    budget.forget("a")
    assert budget.due_in(0.0) is None
    assert budget.leases(0.0) == []


@given(st.integers(1, 100_000))
def test_late_and_jittery_attempts_still_fit_into_the_limit(limit: int) -> None:
    assert allowed_in_a_second(limit) == allowed(limit)
    room = allowed(limit) / pace_of(limit) - 1.0
    on_the_way = max(0.015, min(0.030, room / 2))
    assert room - free_lateness(limit) - on_the_way >= -1e-9


@pytest.mark.parametrize("limit", [50, 1000])
@pytest.mark.parametrize("partitions", [1, 16])
@pytest.mark.parametrize("quota", ["bucket", "window"])
def test_a_service_that_grants_sixty_percent_is_used_and_hardly_refuses(
    limit: int, partitions: int, quota: str
) -> None:
    grants = (
        steady_quota(lambda _at: 0.6 * limit, 1.0)
        if quota == "bucket"
        else window_quota(lambda _at: 0.6 * limit)
    )
    job = SimulatedJob(limit, [PLENTY] * partitions, grants=grants).run(50)
    refused = job.refused(10, 50)
    assert refused < 0.02
    assert job.used(10, 50) * (1 - refused) >= 0.9 * 0.6 * limit


def by_chance(share: float, seed: int) -> Callable[[float], bool]:
    draw = random.Random(seed)  # noqa: S311 - chance, not secrecy
    return lambda _at: draw.random() >= share


@pytest.mark.parametrize(("limit", "least"), [(50, 0.6), (1000, 0.95)])
@pytest.mark.parametrize("share", [0.01, 0.05, 0.3])
def test_a_service_that_refuses_a_share_at_any_rate_is_not_slowed_down_for(
    limit: int, share: float, least: float
) -> None:
    job = SimulatedJob(limit, [PLENTY] * 16, grants=by_chance(share, seed=5)).run(60)
    assert job.used(10, 60) >= least * limit


@settings(max_examples=25, deadline=None)
@given(
    first=st.floats(0.3, 1.2),
    second=st.floats(0.05, 1.2),
    third=st.floats(0.05, 1.2),
    apart=st.floats(2, 30),
    shape=st.sampled_from(["bucket", "window"]),
)
def test_a_quota_that_moves_and_moves_again_is_never_taken_for_chance_for_long(
    first: float, second: float, third: float, apart: float, shape: str
) -> None:
    def granted(at: float) -> float:
        return 300 * (first if at < 10 else second if at < 10 + apart else third)

    grants = steady_quota(granted, 1.0) if shape == "bucket" else window_quota(granted)
    job = SimulatedJob(300, [PLENTY] * 16, grants=grants).run(10 + apart + 45)
    assert job.refused(10 + apart + 15, 10 + apart + 45) < 0.06


def after_chance(limit: int, seed: int) -> tuple[float, float]:
    """Refused, and used of what is granted, long after a service began to refuse by a quota instead of by chance."""
    chance, quota = by_chance(0.3, seed), steady_quota(lambda _at: 0.6 * limit, 1.0)
    job = SimulatedJob(limit, [PLENTY] * 16, grants=lambda at: chance(at) if at < 30 else quota(at)).run(90)
    return job.refused(45, 90), job.used(45, 90) / (0.6 * limit)


@pytest.mark.parametrize(("limit", "seeds"), [(50, 5), (1000, 1)])
def test_a_quota_behind_refusals_by_chance_is_followed(limit: int, seeds: int) -> None:
    """Of few requests a second chance decides at times: the usual draw counts."""
    refused, used = zip(*(after_chance(limit, seed) for seed in range(seeds)), strict=True)
    assert median(refused) < 0.02
    assert median(used) >= 0.9


@pytest.mark.parametrize("doubled_at", [20, 27, 33])
def test_a_quota_that_doubles_is_found_within_thirty_seconds(doubled_at: int) -> None:
    grants = steady_quota(lambda at: 200 if at < doubled_at else 400, 0.5)
    job = SimulatedJob(500, [PLENTY] * 8, grants=grants).run(doubled_at)
    assert job.budget.rate < 260
    found = False
    for _ in range(300):
        found = found or job.run(0.1).budget.rate >= 0.9 * 400
    assert found


def test_the_busiest_second_is_counted_wherever_it_begins() -> None:
    assert busiest_second([]) == 0
    assert busiest_second([0.9, 1.2, 1.8, 1.95]) == 3
