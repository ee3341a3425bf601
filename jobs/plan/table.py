"""Render a plan as a table.

Plain characters, as wide as the terminal, and the same when piped.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from rich.box import ASCII2, SIMPLE_HEAD, Box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.plurals import counted
from jobs.plan.delivery_plan import Plan
from jobs.plan.lines import Line, sections

_PIPED_WIDTH = 130  # the longest address of a source fits into a line
_BAR = 20


def print_plan(plan: Plan) -> None:
    """Print `plan` to stdout; piped, at a fixed width."""
    terminal = sys.stdout.isatty()
    show(plan, Console(width=None if terminal else _PIPED_WIDTH), SIMPLE_HEAD if terminal else ASCII2)


def show(plan: Plan, console: Console, box: Box = SIMPLE_HEAD) -> None:
    """Print `plan` to `console`."""
    table = Table(box=box)
    table.add_column("plan", overflow="fold")
    table.add_column("", overflow="fold", ratio=1)
    first, *others = sections(plan)
    for lines in (first, list(_histogram(plan)), *others):
        for name, value in lines:
            table.add_row(Text(name), Text(value))
        table.add_section()
    console.print(table)


def _histogram(plan: Plan) -> Iterator[Line]:
    for events, requests in enumerate(plan.events_per_request, start=1):
        share = requests / plan.requests if plan.requests else 0.0
        yield (
            f"with {counted(events, 'event')}",
            f"{requests:,} {_percent(share)} {'#' * round(_BAR * share)}".rstrip(),
        )


def _percent(share: float) -> str:
    return f"({share:.1%})"
