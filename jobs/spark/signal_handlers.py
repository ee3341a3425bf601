"""The program's own handlers of signals while Spark starts: it replaces them, and an early stop would lose its JVM."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupt_kept() -> Iterator[None]:
    """Keep the program's own handler of Ctrl-C: PySpark puts one in its place (`SparkContext._do_init`)."""
    own = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if own is not signal.default_int_handler and signal.getsignal(signal.SIGINT) is not own:
            signal.signal(signal.SIGINT, own)


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Let the program's own handlers of signals run after the block, where a second one of a kind ends the process."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    own = {number: handler for number, handler in handlers.items() if callable(handler)}
    held: list[int] = []
    for number in own:
        signal.signal(number, lambda number, _frame: held.append(number))
    try:
        yield
    finally:
        for number, handler in own.items():
            signal.signal(number, handler)
        for came in sorted(held, key=held.count, reverse=True):
            if held.count(came) > 1 and came != signal.SIGHUP:
                signal.signal(came, signal.SIG_DFL)
            signal.raise_signal(came)
