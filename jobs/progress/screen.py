"""Progress on a terminal: the phases of the run, one below the other, redrawn in place by rich, on stderr.

Log lines appear above it. At the end the list of phases and their durations stays.
"""

from __future__ import annotations

import logging
import sys
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from core.plurals import counted
from jobs.progress.run_progress import Measured, Phase, Tasks
from jobs.progress.sending_figures import SendingFigures

_INDENT = 2
_BAR_WIDTH = 40
_MINUTE = 60  # seconds in it, and as many minutes in an hour


class ProgressScreen:
    """The view for a terminal, to which `console` writes."""

    every_seconds = 0.5

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False)
        self._open = ExitStack()
        self._announced = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def show(self, ended: tuple[Phase, ...], current: Phase | None) -> None:
        """Draw the phases; of the first phase only that it has begun."""
        if ended:
            if not self._live.is_started:
                self._begin_drawing()
            self._live.update(picture(ended, current), refresh=True)
        elif current is not None and not self._announced:
            # A JVM that starts writes to the terminal directly, in the middle of what is drawn there.
            self._announced = True
            self._console.print(Text(f"{current.name} ..."))

    def _begin_drawing(self) -> None:
        before = self._console.file
        self._open.enter_context(self._live)
        # A second Ctrl-C ends the process at once: it must not leave a terminal without its cursor.
        self._console.show_cursor(show=True)
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream is before:
                handler.setStream(sys.stderr)  # through rich, which keeps lines and picture apart
                self._open.callback(handler.setStream, before)


def picture(ended: tuple[Phase, ...], current: Phase | None) -> RenderableType:
    """Return all phases in a table; below it, how far the current one has come."""
    table = Table.grid(padding=(0, _INDENT))
    table.add_column(min_width=24)
    table.add_column(justify="right", min_width=7)
    for phase in ended:
        table.add_row(Text(phase.name, "dim"), Text(lasting(phase.seconds), "dim"))
    if current is None:
        return table
    table.add_row(Text(current.name, "bold"), Text(lasting(current.seconds)))
    return Group(table, Padding(Group(*_how_far(current.measured)), (0, 0, 0, _INDENT)))


def lasting(seconds: float) -> str:
    """Return `7 s`, `12:05` in minutes or `1:12:05` in hours."""
    minutes, rest = divmod(round(seconds), _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{rest} s"


def _how_far(measured: Measured) -> list[RenderableType]:
    if isinstance(measured, Tasks):
        text = f"{measured.done:,} of {measured.total:,} tasks"
        return [_bar(measured.done, measured.total, text)]
    if isinstance(measured, SendingFigures):
        return [_bar(measured.share_done, 1.0, _share(measured)), Text(_rates(measured), no_wrap=False)]
    return []


def _bar(done: float, total: float, text: str) -> RenderableType:
    row = Table.grid(padding=(0, _INDENT))
    row.add_row(ProgressBar(total=total, completed=done, width=_BAR_WIDTH), Text(text))
    return row


def _share(figures: SendingFigures) -> str:
    if figures.stopping:
        return f"{figures.share_done:.0%}, stopping"
    left = "" if figures.seconds_left is None else f", {lasting(figures.seconds_left)} left"
    return f"{figures.share_done:.0%}{left}"


def _rates(figures: SendingFigures) -> str:
    """Return the rates in a sentence: sent, allowed, and throttled."""
    if figures.paused and not figures.stopping:
        return f"paused at {figures.events_delivered:,} of {figures.events_to_send:,} events, until it is resumed"
    lowered = figures.allowed_requests_per_second < 0.9 * figures.max_requests_per_second
    allowed = f" (lowered to {figures.allowed_requests_per_second:,.1f})" if lowered else ""
    parts = [
        f"{figures.events_delivered:,} of {figures.events_to_send:,} events",
        f"{figures.requests_per_second:,.1f} requests/s of {figures.max_requests_per_second:,g}{allowed}",
        f"{figures.throttled_attempts:,} throttled",
        f"{counted(figures.partitions, 'partition')} sending",
    ]
    return ", ".join(parts)
