"""Whole jobs on a simulated clock: sessions of any length end as early as they can, and the limit holds."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.delivery.sending.simulated_sessions import ON_TIME, Lateness, Session, SessionsJob
from tests.delivery.simulated_job import busiest_second

# What it takes to ask the driver for a slot, and to get it; the limit's own pace is 1 to 2 % below the limit.
ASKING = 0.003


def job_of(limit: float, partitions: int, small: int, *giants: Session) -> SessionsJob:
    """So many requests of sessions of their own, and giants, all in the first partition."""
    parts = [[Session(1, giants[0].seconds) for _ in range(small // partitions)] for _ in range(partitions)]
    parts[0] += giants
    return SessionsJob(limit, parts)


@pytest.mark.parametrize("partitions", [1, 16])
def test_a_giant_that_fits_into_the_rest_costs_nothing(partitions: int) -> None:
    """100,000 events, one user with 5,000 of them, 400 requests a second, answers after 30 ms."""
    job = job_of(400, partitions, 9_860, Session(500, 0.03))
    job.run()
    assert len(job.arrivals) / max(job.arrivals) >= 0.95 * 400


@pytest.mark.parametrize("partitions", [1, 4, 16])
def test_a_giant_that_takes_longer_than_the_rest_never_waits(partitions: int) -> None:
    job = job_of(400, partitions, 4_000, Session(1_000, 0.03))
    assert job.run() <= 1.05 * 1_000 * (0.03 + ASKING)


@pytest.mark.parametrize("partitions", [1, 4])
def test_two_giants_in_one_partition_both_end_in_time(partitions: int) -> None:
    job = job_of(400, partitions, 4_000, Session(1_000, 0.03), Session(1_000, 0.03))
    assert job.run() <= 1.05 * 1_000 * (0.03 + ASKING)


@st.composite
def jobs(draw: st.DrawFn, limits: Sequence[int], lateness: Lateness = ON_TIME) -> SessionsJob:
    """Some giants, which take up to twice as long as the rest, among sessions of up to five requests."""
    limit, partitions = draw(st.sampled_from(limits)), draw(st.sampled_from([1, 2, 5, 16]))
    answer, seconds = draw(st.sampled_from([0.01, 0.03, 0.1])), draw(st.integers(5, 12))
    longest = draw(st.sampled_from([1, 5]))
    chance = random.Random(draw(st.integers(0, 999)))  # noqa: S311 - chance, not secrecy
    parts: list[list[Session]] = [[Session(1, answer)] for _ in range(partitions)]
    left = limit * seconds
    for share in draw(st.lists(st.floats(0.3, 2), max_size=2)):
        giant = min(left, int(share * seconds / answer))
        left -= giant
        chance.choice(parts).append(Session(max(1, giant), answer * chance.uniform(0.8, 1.2)))
    while left > 0:
        length = min(left, chance.randint(1, longest))
        left -= length
        chance.choice(parts).append(Session(length, answer * chance.uniform(0.8, 1.2)))
    return SessionsJob(limit, parts, lateness=lateness)


@settings(max_examples=20, deadline=None)
@given(jobs([20, 25, 30, 40, 59, 60, 100, 400]))
def test_no_order_of_any_sessions_ends_much_earlier_and_the_limit_holds(job: SessionsJob) -> None:
    """Two answers more: the first ones tell how long they take, and after the last slot comes one more.

    And a slot more: a session that is ready just after one waits for the next, at 20 a second for 50 ms. Below 100
    requests a second one or two out of turn are all that a second may hold, below 60 only after a second of none.
    """
    share = 1.05 if job.limit >= 100 else 1.1
    assert job.run() <= share * job.best(ASKING) + 2 * job.longest_answer() + 1 / job.limit
    assert busiest_second(job.arrivals) <= math.floor(1.05 * job.limit)


def late_in_turn(seconds: float) -> Lateness:
    """For a while all is as late as a slot may be used and a request be on its way, then for a while on time."""
    return Lateness(
        look=lambda now: 0.028 if now // seconds % 2 else 0.0,
        request=lambda now: 0.015 if now // seconds % 2 else 0.0,
    )


@pytest.mark.parametrize("limit", [25, 26])
def test_a_second_with_one_slot_out_of_turn_holds_none_that_was_used_late_before(limit: int) -> None:
    """All slots are late for a second, then a giant begins to be hurried: each alone would be within the limit."""
    parts = [[Session(1, 0.031)] * 3 for _ in range(16)]
    parts[0].append(Session(110, 0.031))
    job = SessionsJob(limit, parts, lateness=late_in_turn(0.9))
    job.run()
    assert busiest_second(job.arrivals) <= math.floor(1.05 * limit)


@settings(max_examples=20, deadline=None)
@given(jobs([20, 25, 40, 59, 60, 100, 400], late_in_turn(0.9)))
def test_the_limit_holds_with_giants_and_slots_that_are_used_late(job: SessionsJob) -> None:
    """The first slots on time come in one second with the last late ones, and with some at once."""
    job.run()
    assert busiest_second(job.arrivals) <= math.floor(1.05 * job.limit)
