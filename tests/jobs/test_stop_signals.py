"""A stop reaches Spark's work or the sending from a signal or another thread, however early it is asked for."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from jobs.errors import RunInterruptedError
from jobs.stop_signals import StopSignals


@pytest.fixture
def signals() -> Iterator[StopSignals]:
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    armed = StopSignals()
    armed.arm()
    yield armed
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_before_spark_works_a_signal_interrupts_and_a_second_would_end_it(
    number: signal.Signals, signals: StopSignals
) -> None:
    with pytest.raises(RunInterruptedError, match=f"{number.name} was received"):
        os.kill(os.getpid(), number)
    assert signals.reason == f"{number.name} was received"
    assert signal.getsignal(number) == signal.SIG_DFL


def test_those_who_catch_every_exception_let_an_interruption_pass() -> None:
    assert not issubclass(RunInterruptedError, Exception)


def test_once_spark_works_a_signal_is_passed_on(signals: StopSignals) -> None:
    told: list[str] = []
    signals.route_to(told.append)
    os.kill(os.getpid(), signal.SIGTERM)
    assert told == ["SIGTERM was received"]


def test_a_stop_that_came_between_two_stages_stops_the_next_one_at_once(signals: StopSignals) -> None:
    told: list[str] = []
    signals.route_to(lambda _reason: None)
    os.kill(os.getpid(), signal.SIGTERM)
    signals.route_to(told.append)
    assert told == ["SIGTERM was received"]


def test_while_the_account_is_written_a_signal_changes_nothing(signals: StopSignals) -> None:
    signals.only_note()
    os.kill(os.getpid(), signal.SIGTERM)
    assert signals.reason == "SIGTERM was received"


def test_a_stop_asked_for_by_another_thread_waits_for_a_stage(
    signals: StopSignals,
) -> None:
    """And the first reason stays."""
    told: list[str] = []
    signals.ask("first")
    signals.ask("second")
    signals.route_to(told.append)
    assert told == ["first"]


def test_a_stop_that_is_asked_for_in_a_stage_is_told_at_once_and_afterwards_no_more(
    signals: StopSignals,
) -> None:
    told: list[str] = []
    signals.route_to(told.append)
    signals.ask("reason")
    signals.only_note()
    signals.ask("too late")
    assert told == ["reason"]
