"""A stop reaches the sending from a signal or another thread, however early it is asked for."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from jobs.errors import Interrupted
from jobs.stop_signals import StopSignals


@pytest.fixture
def signals() -> Iterator[StopSignals]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield StopSignals()
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_stop_that_is_asked_for_before_sending_waits_for_it(signals: StopSignals) -> None:
    told: list[str] = []
    signals.ask("first")
    signals.ask("second")
    signals.route_to(told.append)
    assert told == ["first"]


def test_a_stop_that_is_asked_for_while_sending_is_told_at_once(signals: StopSignals) -> None:
    told: list[str] = []
    signals.route_to(told.append)
    signals.ask("reason")
    assert told == ["reason"]
    signals.route_to(None)
    signals.ask("too late")
    assert told == ["reason"]


def test_a_signal_while_sending_is_told_and_before_it_is_raised(signals: StopSignals) -> None:
    told: list[str] = []
    signals.arm()
    with pytest.raises(Interrupted, match="SIGINT was received"):
        os.kill(os.getpid(), signal.SIGINT)
    signals.route_to(told.append)
    os.kill(os.getpid(), signal.SIGTERM)
    assert told[-1] == "SIGTERM was received"
