"""A stop reaches Spark's work or the sending from a signal or another thread, however early it is asked for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from py4j.protocol import Py4JNetworkError

from jobs.errors import RunInterruptedError
from jobs.spark.signal_handlers import interrupt_kept, signals_held_back
from jobs.stop_signals import StopSignals


@pytest.fixture
def signals() -> Iterator[StopSignals]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # what starts the tests may ignore it, as nohup does
    armed = StopSignals()
    armed.arm()
    yield armed
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "second"),
    [(signal.SIGTERM, signal.SIG_DFL), (signal.SIGINT, signal.SIG_DFL), (signal.SIGHUP, signal.SIG_IGN)],
)
def test_before_spark_works_a_signal_interrupts_and_a_second_would_end_it(
    number: signal.Signals, second: signal.Handlers, signals: StopSignals
) -> None:
    """But for SIGHUP, which the shell and the kernel both send when a terminal closes."""
    with pytest.raises(RunInterruptedError, match=f"{number.name} was received"):
        os.kill(os.getpid(), number)
    assert signals.reason == f"{number.name} was received"
    assert signal.getsignal(number) == second


def test_under_nohup_a_terminal_may_close(signals: StopSignals) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signals.arm()
    os.kill(os.getpid(), signal.SIGHUP)
    assert signals.reason is None


def test_those_who_catch_every_exception_let_an_interruption_pass() -> None:
    assert not issubclass(RunInterruptedError, Exception)


def test_a_signal_goes_where_it_is_routed(signals: StopSignals) -> None:
    reasons: list[str] = []
    with signals.routed_to(reasons.append):
        os.kill(os.getpid(), signal.SIGTERM)
    assert reasons == ["SIGTERM was received"]


def test_a_stop_that_came_between_two_steps_stops_the_next_one_at_once(signals: StopSignals) -> None:
    reasons: list[str] = []
    with signals.routed_to(lambda _reason: None):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    with signals.routed_to(reasons.append):
        assert reasons == ["SIGTERM was received"]


def test_a_signal_after_another_stop_leaves_its_reason(signals: StopSignals) -> None:
    """As the summary's advice depends on it: a lease that is lost, and then Ctrl-C of who watched."""
    reasons: list[str] = []
    signals.ask("first")
    with signals.routed_to(reasons.append):
        os.kill(os.getpid(), signal.SIGTERM)
    assert (reasons, signals.reason) == (["first", "first"], "first")


def test_while_the_account_is_written_a_signal_changes_nothing(signals: StopSignals) -> None:
    signals.only_note()
    os.kill(os.getpid(), signal.SIGTERM)
    assert signals.reason == "SIGTERM was received"


def test_a_stop_asked_for_by_another_thread_waits_for_a_step(signals: StopSignals) -> None:
    """And the first reason stays."""
    reasons: list[str] = []
    signals.ask("first")
    signals.ask("second")
    with signals.routed_to(reasons.append):
        assert reasons == ["first"]


def test_a_stop_within_a_step_reaches_it_and_one_after_it_does_not(signals: StopSignals) -> None:
    reasons: list[str] = []
    with signals.routed_to(reasons.append):
        signals.ask("reason")
    signals.ask("too late")
    assert reasons == ["reason"]


def test_a_step_that_is_done_gives_the_handlers_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    signals = StopSignals()
    with signals.armed():
        assert signal.getsignal(signal.SIGTERM) not in before
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


class Context:
    """Counts how often all jobs were cancelled; `enough` is set at the third time."""

    def __init__(self, *, gone: bool = False) -> None:
        self.cancelled = 0
        self.enough = threading.Event()
        self._gone = gone

    def cancelAllJobs(self) -> None:  # noqa: N802 - Spark's name
        self.cancelled += 1
        if self.cancelled == 3:
            self.enough.set()
        if self._gone:
            raise Py4JNetworkError("the JVM has ended")


def test_jobs_that_begin_after_the_stop_are_cancelled_too() -> None:
    context, signals = Context(), StopSignals()
    with signals.cancelling(context):
        signals.ask("reason")
        assert context.enough.wait(30)


def test_nothing_is_cancelled_unless_asked_nor_after_the_end() -> None:
    context, signals = Context(), StopSignals()
    with signals.cancelling(context):
        pass
    signals.ask("too late")
    assert context.cancelled == 0


def test_a_spark_that_is_gone_has_nothing_left_to_cancel() -> None:
    context, signals = Context(gone=True), StopSignals()
    with signals.cancelling(context):
        signals.ask("reason")
        assert context.enough.wait(30)


def test_what_fails_because_of_a_stop_is_an_interruption_for_its_reason() -> None:
    signals = StopSignals()

    def cancelled() -> None:
        signals.ask("reason")
        raise ValueError("Spark's job was cancelled")

    with pytest.raises(RunInterruptedError, match=r"^reason$"), signals.interrupting(Context()):
        cancelled()


def test_a_stop_before_the_work_is_not_waited_for_until_its_end() -> None:
    """As one that comes while Spark starts: the source was read for nothing then."""
    signals, steps = StopSignals(), []
    signals.ask("reason")
    with pytest.raises(RunInterruptedError, match=r"^reason$"), signals.interrupting(Context()):
        steps.append("read")
    assert steps == []


def test_what_ends_well_in_spite_of_a_stop_is_interrupted_too() -> None:
    signals = StopSignals()
    with pytest.raises(RunInterruptedError, match=r"^reason$"), signals.interrupting(Context()):
        signals.ask("reason")


def test_a_failure_of_the_work_itself_is_raised_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.stop_signals.is_gone", lambda *_: False)
    with pytest.raises(ValueError, match="its own"), StopSignals().interrupting(Context()):
        raise ValueError("its own")


def test_a_failure_of_a_spark_that_is_gone_is_an_interruption() -> None:
    with pytest.raises(RunInterruptedError, match="process ended"), StopSignals().interrupting(Context()):
        raise Py4JNetworkError("the JVM has ended")


def test_a_start_of_spark_leaves_ctrl_c_with_the_run(signals: StopSignals) -> None:
    with interrupt_kept():
        signal.signal(signal.SIGINT, lambda *_: None)  # as PySpark does when its context starts
    signals.only_note()
    os.kill(os.getpid(), signal.SIGINT)
    assert signals.reason == "SIGINT was received"


def test_a_start_of_spark_that_fails_leaves_ctrl_c_with_the_run_too(signals: StopSignals) -> None:
    def start() -> None:
        with interrupt_kept():
            signal.signal(signal.SIGINT, lambda *_: None)
            raise ValueError("no context")

    with pytest.raises(ValueError, match="no context"):
        start()
    signals.only_note()
    os.kill(os.getpid(), signal.SIGINT)
    assert signals.reason == "SIGINT was received"


def test_a_stop_while_the_jvm_is_launched_comes_once_it_is_there() -> None:
    """PySpark lost a JVM that it was launching, which stayed for good."""
    signals, steps = StopSignals(), []

    def launch() -> None:
        with signals_held_back():
            signal.raise_signal(signal.SIGTERM)
            steps.append("launched")

    with signals.armed(), pytest.raises(RunInterruptedError, match="SIGTERM was received"):
        launch()
    assert steps == ["launched"]
    assert signals.reason == "SIGTERM was received"


@pytest.mark.parametrize("came", ["TERM TERM", "INT TERM TERM", "HUP TERM INT TERM"])
def test_a_second_signal_while_the_jvm_is_launched_ends_the_process_then(came: str) -> None:
    program = """
import signal
import sys
from jobs.spark.signal_handlers import signals_held_back
from jobs.stop_signals import StopSignals
StopSignals().arm()
try:
    with signals_held_back():
        for kind in sys.argv[1].split():
            signal.raise_signal(signal.Signals["SIG" + kind])
        print("launched", flush=True)
finally:
    print("ended in order", flush=True)
"""
    ended = subprocess.run([sys.executable, "-c", program, came], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (-signal.SIGTERM, "launched\n")
