"""When failures are no longer bad luck."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.sending.circuit import Circuit
from delivery.service.faults import Fault


def opened_at(fault: Fault, every: float, success_at: int | None = None) -> float | None:
    circuit = Circuit()
    for number in range(2000):
        if number == success_at:
            circuit.succeeded()
        if circuit.failed(fault, 100.0 + number * every):
            return number * every
    return None


@pytest.mark.parametrize(
    ("fault", "every", "seconds"),
    [
        (Fault.TRANSIENT, 0.01, 10.0),
        (Fault.TRANSIENT, 1.0, 19.0),
        (Fault.TRANSIENT, 3.0, 21.0),
        (Fault.THROTTLED, 0.1, 30.0),
        (Fault.POISON, 0.1, 19.9),
    ],
)
def test_it_opens_after_enough_failures_over_enough_time(fault: Fault, every: float, seconds: float) -> None:
    assert opened_at(fault, every) == pytest.approx(seconds, abs=every / 2)


def test_one_success_begins_the_count_again() -> None:
    assert opened_at(Fault.TRANSIENT, 0.5, success_at=19) == pytest.approx(19.5)


def test_each_kind_of_failure_is_judged_by_its_own_measure() -> None:
    circuit = Circuit()
    assert not any(circuit.failed(Fault.THROTTLED, 4.0 * number) for number in range(7))
    assert not circuit.failed(Fault.TRANSIENT, 28.0)


@given(st.lists(st.sampled_from([Fault.TRANSIENT, Fault.THROTTLED, Fault.POISON]), max_size=500))
def test_a_burst_shorter_than_ten_seconds_never_opens_it(faults: list[Fault]) -> None:
    circuit = Circuit()
    assert not any(circuit.failed(fault, number * 0.0199) for number, fault in enumerate(faults))


def test_of_a_job_that_was_accepted_before_only_silence_opens_it() -> None:
    """Refused content is then the answer of a living service, and ends a series of other failures."""
    circuit = Circuit()
    assert not any(circuit.failed(Fault.POISON, float(number), accepts=True) for number in range(500))
    series = [Fault.TRANSIENT] * 19 + [Fault.POISON] + [Fault.TRANSIENT] * 20
    opened = [circuit.failed(fault, number * 1.0, accepts=True) for number, fault in enumerate(series)]
    assert opened == [False] * 39 + [True]
