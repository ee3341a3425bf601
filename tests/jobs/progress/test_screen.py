"""Progress on a terminal: what is drawn, and that log lines and the cursor survive it."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
from rich.console import Console

from jobs.progress.run_progress import Phase, Tasks
from jobs.progress.screen import ProgressScreen, lasting, picture
from jobs.progress.sending_figures import SendingFigures

FIGURES = SendingFigures(62_000, 100_000, 987.65, 990.0, 1000.0, 12, 0.5, 4, 72.4, stopping=False)
READ = Phase("read", 83.0)


def drawn(*phases: Phase, current: Phase | None = None) -> str:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    console.print(picture(phases, current))
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def test_each_phase_is_on_a_line_with_its_time() -> None:
    lines = drawn(READ, Phase("judge", 2.4), current=Phase("write", 1.0)).splitlines()
    assert [line.split() for line in lines] == [["read", "1:23"], ["judge", "2", "s"], ["write", "1", "s"]]


def test_the_sending_shows_its_share_its_time_left_its_rate_and_its_limit() -> None:
    text = drawn(READ, current=Phase("send", 9.0, FIGURES))
    assert "62%, 1:12 left" in text
    assert "62,000 of 100,000 events, 987.6 requests/s of 1,000, 12 throttled, 4 partitions sending" in text


def test_a_lowered_rate_and_a_stop_are_said() -> None:
    slow = replace(FIGURES, allowed_requests_per_second=250.0, partitions=1, seconds_left=None, stopping=True)
    text = " ".join(drawn(current=Phase("send", 9.0, slow)).split())
    assert "of 1,000 (lowered to 250.0), 12 throttled, 1 partition sending" in text
    assert "62%, stopping" in text
    assert "left" not in text


def test_a_pause_is_said_in_place_of_a_rate() -> None:
    paused = replace(FIGURES, paused=True, seconds_left=None)
    text = " ".join(drawn(current=Phase("send", 9.0, paused)).split())
    assert "paused at 62,000 of 100,000 events, until it is resumed" in text
    assert "requests/s" not in text
    stopping = replace(paused, stopping=True)
    assert "62%, stopping" in drawn(current=Phase("send", 9.0, stopping))


def test_sparks_tasks_are_shown_where_they_are_known() -> None:
    assert "3 of 1,200 tasks" in drawn(current=Phase("read", 9.0, Tasks(3, 1200)))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1:00"), (3599.7, "1:00:00"), (90_061, "25:01:01")],
)
def test_a_duration_is_written_as_people_write_it(seconds: float, text: str) -> None:
    assert lasting(seconds) == text


class Terminal(io.StringIO):
    """A stderr that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    return Terminal()


@pytest.fixture
def log(terminal: Terminal) -> Iterator[logging.StreamHandler[Terminal]]:
    handler = logging.StreamHandler(terminal)
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def test_log_lines_stand_whole_above_the_picture(
    terminal: Terminal, log: logging.StreamHandler[Terminal]
) -> None:
    with ProgressScreen(Console(file=terminal)) as view:
        view.show((READ,), Phase("judge", 1.0))
        logging.getLogger("put_events").warning("something is odd")
        view.show((READ, Phase("judge", 2.0)), None)
    before, last_frame = terminal.getvalue().split("something is odd\n")
    assert "\x1b[2K" in before.rsplit("judge", 1)[1], "the picture was not wiped away first"
    assert "read" in last_frame
    assert "judge" in last_frame
    assert log.stream is terminal


def test_the_cursor_is_never_hidden_while_the_process_may_be_ended(terminal: Terminal) -> None:
    with ProgressScreen(Console(file=terminal)) as view:
        view.show((READ,), Phase("judge", 1.0))
        assert terminal.getvalue().rfind("\x1b[?25h") > terminal.getvalue().rfind("\x1b[?25l")


def test_nothing_is_redrawn_while_spark_starts_and_may_write_to_the_terminal(terminal: Terminal) -> None:
    with ProgressScreen(Console(file=terminal)) as view:
        view.show((), Phase("start Spark", 0.5))
        view.show((), Phase("start Spark", 1.0))
        view.show((), None)
    assert terminal.getvalue() == "start Spark ...\n"
