"""The budget where the service grants less than the limit, on a simulated clock: it follows a quota, and no chance."""

from __future__ import annotations

import random
from collections.abc import Callable
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.pacing.driver.budget import Budget
from tests.delivery.simulated_job import PLENTY, SimulatedJob, steady_quota, window_quota


def ask_once_every(pause: float, budget: Budget, times: int) -> None:
    for number in range(times):
        now = 10 + number * pause
        budget.ask("a", 1, now)
        budget.grants(now)


@pytest.mark.parametrize(("pause", "raised"), [(0.1, False), (0.001, True)])
def test_after_a_cut_only_a_rate_that_is_used_is_raised(pause: float, raised: bool) -> None:  # noqa: FBT001
    budget = Budget(100)
    budget.answered(era=0, accepted=100, refused=50, now=0)
    cut = budget.rate
    ask_once_every(pause, budget, times=4000)
    assert (budget.rate > 1.1 * cut) == raised


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


@pytest.mark.parametrize(("limit", "min_used"), [(50, 0.6), (1000, 0.95)])
@pytest.mark.parametrize("share", [0.01, 0.05, 0.3])
def test_a_service_that_refuses_a_share_at_any_rate_is_not_slowed_down_for(
    limit: int, share: float, min_used: float
) -> None:
    job = SimulatedJob(limit, [PLENTY] * 16, grants=by_chance(share, seed=5)).run(60)
    assert job.used(10, 60) >= min_used * limit


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
