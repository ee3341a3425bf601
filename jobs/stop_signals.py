"""SIGTERM, Ctrl-C, a terminal that closes, an operator's stop and a lost lease end a run in order, through one object.

Requests in flight are settled and the summary is written. A second signal of the same kind ends the process at once;
but a shell passes SIGHUP on, so that it may come twice for one terminal.

A signal handler must not raise while py4j waits for the JVM: py4j then gives up its connections, and Spark goes on
writing unseen. So Spark's jobs are cancelled from another thread, and the waiting call fails by itself.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from py4j.protocol import Py4JError
from pyspark import SparkContext

from jobs.errors import RunInterruptedError
from jobs.spark.spark_failures import is_gone

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_LOOK_SECONDS = 0.2

SPARK_IS_GONE = "Spark's own process ended before anything was sent"

_OnStop = Callable[[str], object]


class Interruption:
    """A wait that a reason to stop cuts short; any thread, and a signal handler, may give one."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._reason: str | None = None

    def ask(self, reason: str) -> None:
        """Stop waiting, now and from now on."""
        self._reason = self._reason or reason
        self._asked.set()

    def pause(self, seconds: float) -> str | None:
        """Wait, and return the reason to stop, None where there is none."""
        self._asked.wait(seconds)
        return self._reason


class StopSignals:
    """The one way that a stop takes: at first a signal raises `RunInterruptedError`, later it goes where it is routed.

    `reason`: the first one to stop, None as long as there is none.
    """

    def __init__(self) -> None:
        self._on_stop: _OnStop | None = None
        self.reason: str | None = None

    def arm(self) -> None:
        """Install the signal handlers, for the rest of the process. Under nohup a terminal may close as before."""
        for number in _SIGNALS:
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._handle)

    @contextmanager
    def armed(self) -> Iterator[None]:
        """Install the signal handlers for the block."""
        before = [signal.getsignal(number) for number in _SIGNALS]
        self.arm()
        try:
            yield
        finally:
            for number, handler in zip(_SIGNALS, before, strict=True):
                signal.signal(number, handler)

    def ask(self, reason: str) -> None:
        """Stop the work, from any thread: now, or as soon as it begins. The first reason is kept."""
        self.reason = self.reason or reason
        if (on_stop := self._on_stop) is not None:
            on_stop(self.reason)

    @contextmanager
    def routed_to(self, on_stop: _OnStop) -> Iterator[None]:
        """Call `on_stop` for a stop within the block, and at once for one before it; after the block only note it."""
        self._on_stop = on_stop
        if self.reason is not None:
            on_stop(self.reason)
        try:
            yield
        finally:
            self.only_note()

    @contextmanager
    def cancelling(self, context: SparkContext) -> Iterator[None]:
        """On a stop cancel all jobs of `context`, and those that begin later, until the block ends."""
        asked: list[str] = []  # a signal handler takes no lock
        ended = threading.Event()

        def cancel() -> None:
            while not ended.wait(_LOOK_SECONDS):
                if asked:
                    with suppress(Py4JError, ConnectionError):
                        context.cancelAllJobs()

        thread = threading.Thread(target=cancel, name="canceller", daemon=True)
        thread.start()
        try:
            with self.routed_to(asked.append):
                yield
        finally:
            ended.set()
            thread.join()

    @contextmanager
    def interrupting(self, context: SparkContext) -> Iterator[None]:
        """End the block early on a stop; a failure in it because of that, or of Spark's own end, is not reported.

        Raises:
            RunInterruptedError: a stop was asked for, perhaps before the block, or Spark's process has ended.
        """
        self._end_if_asked()
        try:
            with self.cancelling(context):
                yield
        except Exception as error:
            reason = self.reason or (SPARK_IS_GONE if is_gone(error, context) else None)
            if reason is None:
                raise
            raise RunInterruptedError(reason) from None
        self._end_if_asked()

    def _end_if_asked(self) -> None:
        if self.reason is not None:
            raise RunInterruptedError(self.reason)

    def only_note(self) -> None:
        """Stop nothing from now on, only keep the reason: the next step, if there is one, ends because of it."""
        self._on_stop = lambda _reason: None

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN if number == signal.SIGHUP else signal.SIG_DFL)
        self.reason = self.reason or f"{signal.Signals(number).name} was received"
        if self._on_stop is None:
            raise RunInterruptedError(self.reason)
        self._on_stop(self.reason)
