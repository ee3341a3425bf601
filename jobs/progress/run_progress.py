"""The progress of a run: its phase, for how long, and how far that has come.

A thread on the driver polls now and then and passes the result to a view. It ends with the run, and an
error in it, from a terminal that is gone or a Spark that no longer answers, does not affect the run. The
figures are in `jobs.progress.sending_figures` and `jobs.progress.spark_phases`.
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
    """The Spark tasks that are known, and how many of them have ended."""

    done: int
    total: int


Measured = Tasks | SendingFigures | None
Measure = Callable[[float], Measured]
"""Return how far a phase has come, from the seconds since it began; called from the progress thread alone."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the run that has a name, its seconds so far or in all, and its last measurement."""

    name: str
    seconds: float
    measured: Measured = None


class View(AbstractContextManager["View"], Protocol):
    """The display; open while it is used as a context manager, in one thread alone."""

    every_seconds: float

    def show(self, ended: tuple[Phase, ...], current: Phase | None) -> None:
        """Show the phases that have ended and the current one; None once the run is over."""


class PhaseListener(Protocol):
    """The listener for the beginning of a phase, which ends the one before."""

    def begin(self, name: str, measure: Measure) -> None:
        """Begin a phase; `name` contains nothing of the data or the configuration."""


@dataclass(frozen=True, slots=True)
class _Begun:
    name: str
    at: float
    measure: Measure


class RunProgress:
    """The progress of a run while it is used as a context manager; `clock` counts seconds."""

    def __init__(self, view: View, clock: Callable[[], float] = time.monotonic) -> None:
        self._view = view
        self._clock = clock
        self._ended: tuple[Phase, ...] = ()
        self._current: _Begun | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._refresh_until_closed, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._closing.set()
        # A Spark that does not answer may hold the thread for longer; the run does not wait for that.
        self._thread.join(_JOIN_SECONDS)

    def begin(self, name: str, measure: Measure = lambda _: None) -> None:
        """Begin this phase; the one before, if any, is over."""
        self._end()
        self._current = _Begun(name, self._clock(), measure)

    def refresh(self) -> None:
        """Measure the current phase, and show it."""
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

    def _refresh_until_closed(self) -> None:
        try:
            with self._view:
                while not self._closing.wait(self._view.every_seconds):
                    self.refresh()
                self.refresh()
        except Exception as error:  # noqa: BLE001 - no error of the display may end the run
            _LOG.debug("progress is not shown any more: %s", type(error).__name__)
