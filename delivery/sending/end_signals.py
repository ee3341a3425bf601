"""SIGHUP and SIGTERM in a worker process: its executor is ending, and the partition leaves in order.

PySpark's daemon sends SIGHUP to its workers when the JVM closes or stops it (`shutdown` in pyspark/daemon.py), as
happens when spark-submit is told to terminate. Left alone the signal kills at once: what the service had accepted
since the last segment of the ledger would be forgotten. It translates a signal into a call and decides nothing.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGHUP, signal.SIGTERM)


@contextmanager
def end_signals(on_signal: Callable[[str], None]) -> Iterator[list[str]]:
    """While the block runs, call `on_signal` with a reason for each such signal; gives those received, in order.

    Only a process's main thread, where PySpark runs its tasks, can take signals over; elsewhere nothing is changed.
    """
    received: list[str] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        received.append(f"the worker process received {signal.Signals(number).name}")
        on_signal(received[-1])

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
