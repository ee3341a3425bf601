"""When the failures of a whole job are an outage, on simulated time: partitions, rates and services of all sorts."""

from __future__ import annotations

import heapq
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.pacing.driver.outage import OUTAGE_SECONDS, Outage
from delivery.pacing.pacer import DEAD_DRAIN_SECONDS

READ_TIME_OUT = 10.25  # with the sweep that notices it
REPORT_SECONDS = 0.35  # until the coordinator has received it
LOOK_SECONDS = 0.25
PROMISED_SECONDS = 30.0
CLOSING_SECONDS = 3.0  # for the account, after the last answer that is waited for
MAX_SECONDS = 100.0


class Job:
    """Makes an attempt each `every` seconds, with `in_flight` at most under way, against a service that comes and goes.

    It answers after 30 ms; while it is away it throttles the share `throttled` and never answers the rest.
    """

    def __init__(
        self,
        every: float,
        in_flight: int,
        away_from: float,
        away_until: float = MAX_SECONDS,
        throttled: float = 0.0,
    ) -> None:
        self.heard: list[tuple[float, float, str]] = []
        under_way: list[float] = []
        now = 0.0
        while now < MAX_SECONDS:
            how = "accepted"
            if away_from <= now < away_until:
                how = "refused" if (len(self.heard) * throttled) % 1.0 + throttled >= 1.0 else "failed"
            ends = now + (READ_TIME_OUT if how == "failed" else 0.03)
            self.heard.append((ends + REPORT_SECONDS, now, how))
            heapq.heappush(under_way, ends)
            now = max(now + every, heapq.heappop(under_way) if len(under_way) >= in_flight else 0.0)
        self.heard.sort()

    def known_at(self) -> float | None:
        """When the coordinator, which looks every quarter of a second, calls it an outage."""
        outage, heard = Outage(), deque(self.heard)
        for tick in range(int(MAX_SECONDS / LOOK_SECONDS)):
            now = tick * LOOK_SECONDS
            while heard and heard[0][0] <= now:
                at, began, how = heard.popleft()
                if how == "failed":
                    outage.failed(1, began, "ReadTimeout")
                elif how == "refused":
                    outage.refused(1)
                else:
                    outage.accepted(at)
            if outage.is_certain(now):
                return now
        return None


rates = st.floats(0.01, 1.0)
in_flights = st.integers(1, 64)
moments = st.floats(0.0, 20.0)


@settings(max_examples=100, deadline=None)
@given(every=rates, in_flight=in_flights, away_from=moments)
def test_a_service_that_never_answers_again_is_known_soon_at_any_rate(
    every: float, in_flight: int, away_from: float
) -> None:
    known = Job(every, in_flight, away_from).known_at()
    assert known is not None
    # It is counted from the last success, or from the first attempt that failed: at most one attempt later.
    assert away_from + OUTAGE_SECONDS - every <= known
    assert known <= away_from + OUTAGE_SECONDS + every + REPORT_SECONDS + LOOK_SECONDS + 0.03
    assert known + DEAD_DRAIN_SECONDS + CLOSING_SECONDS <= away_from + every + PROMISED_SECONDS


@settings(max_examples=100, deadline=None)
@given(every=rates, in_flight=in_flights, away_from=moments, seconds=st.floats(0.0, 15.0))
def test_a_service_that_is_away_for_fifteen_seconds_stops_nothing(
    every: float, in_flight: int, away_from: float, seconds: float
) -> None:
    assert Job(every, in_flight, away_from, away_from + seconds).known_at() is None


@settings(max_examples=100, deadline=None)
@given(every=rates, away_from=moments)
def test_throttling_is_not_an_outage_even_if_some_answers_are_lost(every: float, away_from: float) -> None:
    assert Job(every, 64, away_from, throttled=0.75).known_at() is None


def test_one_failure_is_none_and_a_success_begins_the_count_again() -> None:
    outage = Outage()
    outage.failed(1, 0.0, "ReadTimeout")
    assert not outage.is_certain(1000.0)
    outage.failed(1, 11.0, "HTTP 503")
    assert not outage.is_certain(OUTAGE_SECONDS - 0.1)
    assert outage.is_certain(OUTAGE_SECONDS)
    assert (outage.failures, outage.name) == (2, "HTTP 503")
    outage.accepted(30.0)
    assert not outage.is_certain(1000.0)
    outage.failed(1, 31.0, "ReadTimeout")
    assert not outage.is_certain(1000.0)
    outage.failed(1, 32.0, "ReadTimeout")
    assert not outage.is_certain(31.0 + OUTAGE_SECONDS - 0.1)
    assert outage.failures == 2


def test_signs_of_life_from_before_the_last_success_outweigh_no_failure() -> None:
    outage = Outage()
    outage.refused(100)
    outage.accepted(0.0)
    outage.failed(2, 1.0, "ReadTimeout")
    assert outage.is_certain(1.0 + OUTAGE_SECONDS)


def test_what_began_before_the_last_success_counts_from_that_on() -> None:
    outage = Outage()
    outage.accepted(9.0)
    outage.failed(5, 0.0, "ReadTimeout")
    assert not outage.is_certain(9.0 + OUTAGE_SECONDS - 0.1)
    assert outage.is_certain(9.0 + OUTAGE_SECONDS)


@pytest.mark.parametrize(("refusals", "certain"), [(2, True), (3, False)])
def test_failures_must_outweigh_the_signs_of_life(refusals: int, certain: bool) -> None:  # noqa: FBT001
    outage = Outage()
    outage.failed(3, 0.0, "ReadTimeout")
    outage.refused(refusals)
    assert outage.is_certain(OUTAGE_SECONDS) == certain
