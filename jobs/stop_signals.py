"""SIGTERM and Ctrl-C end a run in order: requests in flight are settled and the summary is written.

A second signal of the same kind ends the process at once.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

from jobs.errors import RunInterruptedError

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSignals:
    """The handler of stops: at first a signal raises `RunInterruptedError`; once Spark works, it calls `on_stop`."""

    def __init__(self) -> None:
        self._on_stop: Callable[[str], object] | None = None
        self.reason: str | None = None

    def arm(self) -> None:
        """Install the signal handlers. Called again once Spark has started, since PySpark installs a SIGINT handler."""
        for number in _SIGNALS:
            signal.signal(number, self._handle)

    def route_to(self, on_stop: Callable[[str], object]) -> None:
        """Call `on_stop` from now on, and at once if a stop was requested before."""
        self._on_stop = on_stop
        if self.reason is not None:
            on_stop(self.reason)

    def only_note(self) -> None:
        """Ignore stops from now on: the run has ended, and its summary is being written."""
        self._on_stop = lambda _reason: None

    def ask(self, reason: str) -> None:
        """Stop Spark's work or the sending, from any thread: now, or as soon as it begins. The first reason is kept."""
        self.reason = self.reason or reason
        if (on_stop := self._on_stop) is not None:
            on_stop(self.reason)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        self.reason = f"{signal.Signals(number).name} was received"
        if self._on_stop is None:
            raise RunInterruptedError(self.reason)
        self._on_stop(self.reason)
