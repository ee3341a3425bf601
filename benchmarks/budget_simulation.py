"""The cost of the budget on the driver and how well it shares: 500 partitions on a simulated clock.

The real `Budget`; partitions, network and service are simulated (`tests/delivery/simulated_job.py`). Run it from the
root: `.venv/bin/python -m benchmarks.budget_simulation`. It takes about half a minute and opens no connection.
"""

from __future__ import annotations

import random
import time

from tests.delivery.simulated_job import SimulatedJob, steady_quota

PARTITIONS = 500
WARM_UP_SECONDS = 1.0
QUOTA_SHARE = 0.6


def measure_load(limit: float, seconds: float) -> None:
    """Print the cost of `limit` requests/s over 500 partitions and how much of the limit is used."""
    started = time.process_time()
    job = SimulatedJob(limit, [10**9] * PARTITIONS).run(WARM_UP_SECONDS + seconds)
    simulated = WARM_UP_SECONDS + seconds
    print(
        f"{limit:>9,.0f} req/s: used {job.used(WARM_UP_SECONDS, simulated - 0.1) / limit:.1%}, "
        f"busiest second {job.busiest_second() / limit:.1%} of the limit, "
        f"{job.messages / simulated:,.0f} messages/s (asks, grants, reports), "
        f"budget {job.budget_seconds / simulated * 1000:.1f} ms CPU per second "
        f"({time.process_time() - started:.0f} s to simulate)"
    )


def measure_throttling(limit: float, seconds: float) -> None:
    """Print how the budget behaves under a service that grants 60 % of the limit."""
    granted = limit * QUOTA_SHARE
    job = SimulatedJob(limit, [10**9] * 16, grants=steady_quota(lambda _at: granted, 1.0)).run(seconds)
    refused = job.refused(10, seconds)
    goodput = job.used(10, seconds) * (1 - refused) / granted
    print(
        f"{limit:>9,.0f} req/s, 60 % granted: after 10 s {refused:.2%} throttled, goodput {goodput:.1%} of the grant"
    )


def measure_chance(limit: float, share: float, seconds: float) -> None:
    """Print how much is used of a service that refuses a share of the attempts at any rate."""
    draw = random.Random(5)  # noqa: S311 - chance, not secrecy
    job = SimulatedJob(limit, [10**9] * 16, grants=lambda _at: draw.random() >= share).run(seconds)
    print(
        f"{limit:>9,.0f} req/s, {share:.0%} refused by chance: after 10 s {job.used(10, seconds) / limit:.1%} used"
    )


def measure_recovery(limit: float) -> None:
    """Print how long it takes to find a quota that doubles, from 40 to 80 % of the limit, at five moments."""
    waits = []
    for doubled_at in range(30, 55, 5):
        grants = steady_quota(lambda at, when=doubled_at: limit * (0.4 if at < when else 0.8), 1.0)  # type: ignore[misc]
        job = SimulatedJob(limit, [10**9] * 16, grants=grants).run(doubled_at)
        while job.budget.rate < 0.9 * 0.8 * limit and job.now < doubled_at + 60:
            job.run(0.1)
        waits.append(job.now - doubled_at)
    print(f"{limit:>9,.0f} req/s, quota doubles: found after {min(waits):.0f} to {max(waits):.0f} s")


def main() -> None:
    """Print all figures."""
    measure_load(1_000, 10)
    measure_load(20_000, 5)
    measure_load(200_000, 1)
    measure_throttling(1_000, 60)
    for limit in (1_000, 50):
        measure_chance(limit, 0.3, 60)
        measure_chance(limit, 0.01, 60)
    measure_recovery(500)


if __name__ == "__main__":
    main()
