"""What one sees while a run goes on: the phase it is in, for how long, and how far that has come.

A thread on the driver looks now and then and hands what it sees to a view. It ends with the run, and nothing that goes
wrong in it, a terminal that is gone or a Spark that answers no more, touches the run. What a view makes of it is the
view's business; what there is to see stands in `jobs.progress.sending_figures` and `jobs.progress.spark_phases`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from jobs.progress.sending_figures import SendingFigures

_LOG = logging.getLogger("put_events")
_JOIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Tasks:
    """How many of the Spark tasks that are known of now have ended."""

    done: int
    total: int


Measured = Tasks | SendingFigures | None
Measure = Callable[[float], Measured]
"""Says how far a phase has come, given the seconds since it began; called from the watching thread alone."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the run that has a name, its seconds so far or in all, and what was measured of it last."""

    name: str
    seconds: float
    measured: Measured = None


class View(AbstractContextManager["View"], Protocol):
    """Where it is shown; open while it is used as a context manager, in one thread alone."""

    every_seconds: float

    def show(self, ended: tuple[Phase, ...], current: Phase | None) -> None:
        """Show the phases that have ended and the one that goes on; None once the run is over."""


class PhaseListener(Protocol):
    """Who is told that a phase begins, and the one before it is over."""

    def begin(self, name: str, measure: Measure) -> None:
        """`name` holds nothing out of the data or the configuration."""


@dataclass(frozen=True, slots=True)
class _Begun:
    name: str
    at: float
    measure: Measure


class RunProgress:
    """Watches a run while it is used as a context manager; `clock` counts seconds."""

    def __init__(self, view: View, clock: Callable[[], float] = time.monotonic) -> None:
        self._view = view
        self._clock = clock
        self._ended: tuple[Phase, ...] = ()
        self._current: _Begun | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._closing.set()
        # A Spark that hangs may hold the thread for longer; the run does not wait for that.
        self._thread.join(_JOIN_SECONDS)

    def begin(self, name: str, measure: Measure = lambda _: None) -> None:
        """From now on the run is in this phase; the one before, if any, is over."""
        self._end()
        self._current = _Begun(name, self._clock(), measure)

    def look(self) -> None:
        """Measure the phase that goes on, and show it."""
        begun, now = self._current, self._clock()
        if begun is None:
            self._view.show(self._ended, None)
            return
        seconds = now - begun.at
        self._view.show(self._ended, Phase(begun.name, seconds, begun.measure(seconds)))

    def _end(self) -> None:
        begun, self._current = self._current, None
        if begun is not None:
            self._ended += (Phase(begun.name, self._clock() - begun.at),)

    def _watch(self) -> None:
        try:
            with self._view:
                while not self._closing.wait(self._view.every_seconds):
                    self.look()
                self.look()
        except Exception as error:  # noqa: BLE001 - whatever it is: the run is worth more than the sight of it
            _LOG.debug("progress is not shown any more: %s", type(error).__name__)
