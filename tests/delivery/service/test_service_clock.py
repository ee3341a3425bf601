"""A wrong clock is put right once, by the service's own time, and never by an answer that proves nothing."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.service.service_clock import SKEW_SECONDS, ServiceClock

NOW = 1_700_000_000.0


def http(seconds: float) -> str:
    return formatdate(seconds, usegmt=True)


def test_a_clock_that_is_not_contradicted_is_the_machines_own() -> None:
    assert ServiceClock(lambda: NOW).now() == NOW


@given(st.floats(-1e8, 1e8).filter(lambda ahead: abs(ahead) > SKEW_SECONDS + 1))
def test_after_a_correction_the_time_is_the_services(ahead: float) -> None:
    now = [NOW]
    clock = ServiceClock(lambda: now[0])
    assert clock.correct(NOW, http(NOW + ahead))
    now[0] += 60.0
    assert clock.now() == pytest.approx(NOW + 60.0 + ahead, abs=1.0)


@given(st.floats(-SKEW_SECONDS + 1, SKEW_SECONDS - 1))
def test_a_request_that_was_dated_well_was_refused_for_something_else(ahead: float) -> None:
    clock = ServiceClock(lambda: NOW)
    assert not clock.correct(NOW, http(NOW + ahead))
    assert clock.now() == NOW


def test_a_request_that_is_refused_after_the_correction_corrects_nothing_more() -> None:
    clock = ServiceClock(lambda: NOW)
    assert clock.correct(NOW, http(NOW + 3600))
    assert not clock.correct(clock.now(), http(NOW + 3600))


def test_a_slow_answer_does_not_shift_the_time() -> None:
    now = [NOW]
    clock = ServiceClock(lambda: now[0])
    now[0] += 10.0
    assert clock.correct(NOW, http(NOW + 3610))
    assert clock.now() == NOW + 3610


def test_every_request_in_flight_with_the_old_date_gets_its_corrected_attempt() -> None:
    clock = ServiceClock(lambda: NOW)
    assert [clock.correct(NOW, http(NOW - 3600)) for _ in range(3)] == [True] * 3
    assert clock.now() == NOW - 3600


@pytest.mark.parametrize(
    "date",
    [None, "", "yesterday", "Tue, 99 Foo 2026 00:00:00 GMT", f"Thu, 01 Jan {10**20} 00:00:00 GMT"],
)
def test_without_a_date_that_can_be_read_nothing_is_learnt(date: str | None) -> None:
    clock = ServiceClock(lambda: NOW)
    assert not clock.correct(0.0, date)
    assert clock.now() == NOW
