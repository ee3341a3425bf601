"""SIGHUP and SIGTERM in a worker process: its executor is ending, and the partition ends in order.

PySpark's daemon sends SIGHUP to its workers when the JVM closes or stops it (`shutdown` in
pyspark/daemon.py), as when spark-submit receives SIGTERM. By default the signal kills at once, and what the
service accepted since the last segment of the ledger would be lost.
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
    """Call `on_signal` with a reason for each such signal during the block; yield those received, in order.

    Only a process's main thread, where PySpark runs its tasks, can handle signals; in other threads this
    has no effect.
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
