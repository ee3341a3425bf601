from __future__ import annotations

import os
import signal
import threading

import pytest

from delivery.sending.end_signals import end_signals


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_becomes_a_call_and_leaves_the_worker_alive(number: signal.Signals) -> None:
    calls: list[str] = []
    with end_signals(calls.append) as received:
        os.kill(os.getpid(), number)
    assert calls == received == [f"the worker process received {number.name}"]


def test_after_the_block_the_signals_mean_what_they_meant_before() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)]
    with pytest.raises(ValueError, match="in the block"), end_signals(print):
        raise ValueError("in the block")
    assert [signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)] == before


def test_in_another_thread_nothing_is_taken_over() -> None:
    before = signal.getsignal(signal.SIGHUP)
    seen: list[object] = []

    def work() -> None:
        with end_signals(print):
            seen.append(signal.getsignal(signal.SIGHUP))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
