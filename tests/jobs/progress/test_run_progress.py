"""The run's phases as a view gets them, and a view that fails."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

import pytest

from jobs.progress.run_progress import Phase, RunProgress, Tasks

# An error that leaves the thread is printed with its text, which may quote anything.
SILENT = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


class Clock:
    """A clock that moves only on request."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Seen:
    """A view that remembers what it was shown."""

    every_seconds = 0.001

    def __init__(self) -> None:
        self.shown: list[tuple[tuple[Phase, ...], Phase | None]] = []
        self.open = False
        self.drawn = threading.Event()

    def __enter__(self) -> Self:
        self.open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.open = False

    def show(self, ended: tuple[Phase, ...], current: Phase | None) -> None:
        assert self.open
        self.shown.append((ended, current))
        self.drawn.set()


class Broken(Seen):
    """A terminal that is gone."""

    def show(self, ended: tuple[Phase, ...], current: Phase | None) -> None:
        super().show(ended, current)
        raise BrokenPipeError


def test_a_phase_lasts_until_the_next_one_begins_and_is_measured_by_its_own_seconds() -> None:
    clock, view = Clock(), Seen()
    view.open = True
    progress = RunProgress(view, clock)
    progress.refresh()
    progress.begin("read")
    clock.now += 4
    progress.begin("send", lambda seconds: Tasks(int(seconds), 9))
    clock.now += 3
    progress.refresh()
    assert view.shown == [((), None), ((Phase("read", 4.0),), Phase("send", 3.0, Tasks(3, 9)))]


def test_the_watching_thread_ends_with_the_run_and_shows_the_end() -> None:
    clock, view = Clock(), Seen()
    with RunProgress(view, clock) as progress:
        progress.begin("send")
        assert view.drawn.wait(10)
        clock.now += 5
    assert view.shown[-1] == ((Phase("send", 5.0),), None)
    assert not view.open
    assert "progress" not in [thread.name for thread in threading.enumerate()]


@SILENT
def test_a_view_that_fails_is_closed_and_the_run_goes_on() -> None:
    view = Broken()
    with RunProgress(view, Clock()) as progress:
        progress.begin("read")
        assert view.drawn.wait(10)
        progress.begin("send")
    assert len(view.shown) == 1
    assert not view.open


@SILENT
def test_a_measure_that_fails_does_not_touch_the_run() -> None:
    asked = threading.Event()

    def gone(_: float) -> None:
        asked.set()
        raise ConnectionError

    with RunProgress(Seen(), Clock()) as progress:
        progress.begin("read", gone)
        assert asked.wait(10)


def test_a_run_that_fails_fails_with_its_own_error() -> None:
    view = Seen()
    with pytest.raises(LookupError), RunProgress(view, Clock()):
        raise LookupError
    assert not view.open
