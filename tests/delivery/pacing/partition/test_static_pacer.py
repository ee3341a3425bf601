"""The static share: while no coordinator is there, all partitions together keep to the limit."""

from __future__ import annotations

import pytest

from delivery.pacing.partition.static_pacer import StaticPacer
from tests.delivery.simulated_job import busiest_second


class Wall:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def attempts_of(partition: int, rate: float, seconds: float) -> list[float]:
    wall = Wall()
    return attempts_within(seconds, StaticPacer(rate, partition, wall), wall)


def attempts_within(seconds: float, pacer: StaticPacer, wall: Wall) -> list[float]:
    times, end = [], wall.now + seconds
    while wall.now < end:
        if (pause := pacer.wait()) > 0:
            wall.now += min(pause, 0.2)
        else:
            pacer.spend()
            times.append(wall.now)
    return times


@pytest.mark.parametrize(("limit", "partitions"), [(5, 1), (20, 7), (100, 16), (100, 400), (1000, 200)])
def test_the_shares_of_all_partitions_together_keep_to_the_limit(limit: int, partitions: int) -> None:
    seconds = 20.0
    times = [at for number in range(partitions) for at in attempts_of(number, limit / partitions, seconds)]
    assert busiest_second(times) <= 1.05 * limit
    assert len(times) >= 0.9 * limit * seconds


def test_a_share_of_the_share_is_kept_to_from_the_next_slot_on() -> None:
    wall = Wall()
    pacer = StaticPacer(100.0, 0, wall)
    for share, max_slots in ((1.0, 100), (0.1, 10), (0.5, 50)):
        pacer.share = share
        times = attempts_within(5.0, pacer, wall)
        assert busiest_second(times) <= 1.05 * max_slots
        assert len(times) >= 0.9 * max_slots * 5


def test_a_slot_is_used_once() -> None:
    wall = Wall()
    pacer = StaticPacer(10.0, 0, wall)
    wall.now += pacer.wait()
    assert pacer.wait() == pytest.approx(0.0, abs=1e-6)
    wall.now += 1e-4
    pacer.spend()
    assert pacer.wait() > 0.09


def test_idle_time_gives_no_credit() -> None:
    wall = Wall()
    pacer = StaticPacer(10.0, 0, wall)
    wall.now += 100.0
    spent = 0
    for _ in range(100):
        if pacer.wait() == 0:
            pacer.spend()
            spent += 1
    assert spent <= 1
