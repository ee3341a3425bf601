"""Partitions that lose the driver while others have it: together they keep to the limit; on a simulated clock."""

from __future__ import annotations

import errno
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.errors import CoordinatorLostError, PeerSilentError
from delivery.pacing.driver.budget import Budget, allowed_in_a_second
from delivery.pacing.driver.cut_off import CutOff
from delivery.pacing.link import _lost
from delivery.pacing.partition.granted_pacer import _GRACE_SECONDS
from delivery.pacing.partition.static_pacer import StaticPacer
from tests.delivery.simulated_job import busiest_second

END = 20.0


@dataclass(frozen=True)
class Cut:
    """A partition that is without the driver for a time; the driver notices `noticed` seconds later."""

    partition: int
    at: float
    seconds: float
    noticed: float

    @property
    def end(self) -> float:
        return self.at + self.seconds


def attempts_of(limit: float, partitions: int, cuts: list[Cut]) -> list[float]:
    """The attempts of partitions that always have work; each is cut off once at the most."""
    attempts = granted(limit, partitions, cuts)
    for cut in cuts:
        attempts += alone(limit / partitions, cut)
    return attempts


def granted(limit: float, partitions: int, cuts: list[Cut]) -> list[float]:
    """The attempts of those that have the driver."""
    budget, cut_off, left, now, attempts = Budget(limit), CutOff(partitions), 1.0, 0.0, list[float]()
    while now < END:
        notice(budget, cut_off, cuts, now)
        if cut_off.left != left:
            left = cut_off.left
            budget.set_limit(limit * left)
        gone = {cut.partition for cut in cuts if cut.at <= now < cut.end}
        for who in set(range(partitions)) - gone:
            budget.ask(who, 500, now)
        for who, grant in budget.grants(now):
            if who not in gone:
                attempts += [now + grant.start_in + number * grant.spacing for number in range(grant.count)]
        now += 0.01
    return attempts


def notice(budget: Budget, cut_off: CutOff, cuts: list[Cut], now: float) -> None:
    for cut in cuts:
        if now >= cut.end:
            cut_off.joined(cut.partition)
        elif now >= cut.at + cut.noticed:
            budget.forget(cut.partition)
            cut_off.lost(cut.partition)


def alone(share: float, cut: Cut) -> list[float]:
    """The attempts of a partition at its static share."""
    now, attempts = [cut.at + _GRACE_SECONDS], list[float]()
    pacer = StaticPacer(share, cut.partition, lambda: now[0])
    while now[0] < min(END, cut.end):
        if (pause := pacer.wait()) > 0:
            now[0] += pause
        else:
            pacer.spend()
            attempts.append(now[0])
    return [at for at in attempts if at < min(END, cut.end)]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([20.0, 30.0, 60.0, 100.0, 500.0]), st.integers(1, 8), st.data())
def test_partitions_cut_off_at_any_time_keep_to_the_limit_with_the_others(
    limit: float, partitions: int, data: st.DataObject
) -> None:
    """What they use without the driver is granted to no other: else four of eight took it to 145 %."""
    cuts = [
        Cut(
            number,
            data.draw(st.floats(0.5, 10.0)),
            data.draw(st.floats(3.0, 30.0)),
            data.draw(st.floats(0.0, 2.9)),
        )
        for number in range(partitions)
        if data.draw(st.booleans())
    ]
    assert busiest_second(attempts_of(limit, partitions, cuts)) <= allowed_in_a_second(limit)


def test_the_others_get_less_until_a_partition_or_its_next_attempt_is_there() -> None:
    cut_off = CutOff(4)
    for number in (1, 1, 3):
        cut_off.lost(number)
    assert cut_off.left == 0.5
    for number in (0, 2):
        cut_off.lost(number)
    assert cut_off.left == 0.25
    for number in range(4):
        cut_off.joined(number)
    assert cut_off.left == 1.0


@pytest.mark.parametrize("partition", [-1, 4])
def test_one_that_never_said_its_number_counts_for_none(partition: int) -> None:
    cut_off = CutOff(4)
    cut_off.lost(partition)
    assert cut_off.left == 1.0


@pytest.mark.parametrize(
    ("error", "silent"),
    [
        (TimeoutError(errno.ETIMEDOUT, "timed out"), True),
        (BlockingIOError(errno.EAGAIN, "half a message"), True),
        (OSError(errno.EHOSTUNREACH, "no route"), True),
        (ConnectionResetError(errno.ECONNRESET, "reset"), False),
        (BrokenPipeError(errno.EPIPE, "closed"), False),
        (OSError("got end of file during message"), False),
        (EOFError(), False),
        (ValueError("not JSON"), False),
    ],
)
def test_a_process_that_ended_is_no_machine_that_fell_silent(error: Exception, *, silent: bool) -> None:
    assert isinstance(_lost(error), CoordinatorLostError)
    assert isinstance(_lost(error), PeerSilentError) is silent
