"""SIGTERM and Ctrl-C end a run in order: what is in flight is settled and the account is written.

It only translates a signal, or another thread's word, into a call. A second signal of the same kind ends the process
at once.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

from jobs.errors import Interrupted

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSignals:
    """Before sending, a signal raises `Interrupted`; while sending, it calls `on_stop` with a reason instead."""

    def __init__(self) -> None:
        self._on_stop: Callable[[str], None] | None = None
        self.reason: str | None = None

    def arm(self) -> None:
        """Take the signals over. Called again once Spark has started, since PySpark installs a SIGINT handler."""
        for number in _SIGNALS:
            signal.signal(number, self._handle)

    def route_to(self, on_stop: Callable[[str], None] | None) -> None:
        """Call `on_stop` from now on, and at once if a stop was asked for before; None: raise again."""
        self._on_stop = on_stop
        if on_stop is not None and self.reason is not None:
            on_stop(self.reason)

    def ask(self, reason: str) -> None:
        """Stop the sending, from any thread: now, or as soon as it begins. The first reason stays."""
        self.reason = self.reason or reason
        if (on_stop := self._on_stop) is not None:
            on_stop(self.reason)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        self.reason = f"{signal.Signals(number).name} was received"
        if self._on_stop is None:
            raise Interrupted(self.reason)
        self._on_stop(self.reason)
