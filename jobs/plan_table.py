"""A plan as a table on the terminal: plain characters, as wide as there is room, and the same when piped.

It shows a plan and what it hangs together with; it reckons nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta

from rich.box import ASCII2, SIMPLE_HEAD, Box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jobs.import_advice import ImportAdvice
from jobs.plan import Cost, Duration, NotFull, PerUser, Plan

_PIPED_WIDTH = 100
_BAR = 20
Row = tuple[str, str]


def print_plan(plan: Plan) -> None:
    """Print `plan` to stdout; piped, at a width that needs no terminal."""
    terminal = sys.stdout.isatty()
    show(plan, Console(width=None if terminal else _PIPED_WIDTH), SIMPLE_HEAD if terminal else ASCII2)


def show(plan: Plan, console: Console, box: Box = SIMPLE_HEAD) -> None:
    """Print `plan` to `console`."""
    table = Table(box=box)
    table.add_column("plan", overflow="fold")
    table.add_column("", overflow="fold", ratio=1)
    for section in _sections(plan):
        for name, value in section:
            table.add_row(Text(name), Text(value))
        table.add_section()
    console.print(table)


def _sections(plan: Plan) -> Iterator[list[Row]]:
    yield [("events to send", f"{plan.events:,}"), ("requests needed", _requests(plan))]
    yield list(_histogram(plan))
    yield list(_not_full(plan.not_full))
    yield [("session.per_user", _per_user(plan.per_user))]
    yield [
        *_duration(plan.duration),
        ("longest session", f"{plan.longest_session_requests:,} requests in turn"),
    ]
    yield list(_cost(plan.cost))
    yield list(_bulk_import(plan.bulk_import))


def _requests(plan: Plan) -> str:
    if not plan.requests:
        return "0: there is nothing to send"
    return f"{plan.requests:,}, {plan.events / plan.requests:.2f} events each"


def _histogram(plan: Plan) -> Iterator[Row]:
    for events, requests in enumerate(plan.events_per_request, start=1):
        share = requests / plan.requests if plan.requests else 0.0
        yield (
            f"with {events} event{'s' * (events > 1)}",
            f"{requests:,} {_percent(share)} {'#' * round(_BAR * share)}".rstrip(),
        )


def _not_full(not_full: NotFull) -> Iterator[Row]:
    yield "not full: short sessions", f"{not_full.short_sessions:,} requests of sessions under 10 events"
    yield "not full: anonymous", f"{not_full.anonymous:,} requests of sessions without a userId"
    yield "not full: session ends", f"{not_full.session_ends:,} last requests of longer sessions"


def _per_user(per_user: PerUser) -> str:
    if not per_user.requests_saved:
        return "would save nothing"
    return f"would save {per_user.requests_saved:,} requests: {per_user.requests:,} instead (see docs/plan.md first)"


def _duration(duration: Duration) -> Iterator[Row]:
    yield f"at {duration.requests_per_second:,g} requests/s", _span(duration.seconds)
    yield f"at the default quota, {duration.default_quota:,}/s", _span(duration.seconds_at_default_quota)


def _cost(cost: Cost) -> Iterator[Row]:
    yield "data to send", f"{cost.bytes / 10**9:,.3f} GB ({cost.bytes:,} bytes)"
    if cost.amount is None:
        yield "cost", "unknown: set plan.price_per_gb to what your region's price list says"
    else:
        yield "cost", f"{cost.amount:,.2f} {cost.currency}, at {cost.price_per_gb:g} a GB"
    yield "price from", cost.price_source


def _bulk_import(advice: ImportAdvice) -> Iterator[Row]:
    yield "bulk import", "fits better:" if advice.better else "no better way:"
    for reason in advice.reasons:
        yield "", reason


def _percent(share: float) -> str:
    return f"({share:.1%})"


def _span(seconds: float) -> str:
    """Whole seconds, rounded up, as days and clock time."""
    return str(timedelta(seconds=-int(-seconds // 1)))
