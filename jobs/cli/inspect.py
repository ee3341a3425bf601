"""`personalize-backfill inspect OUTPUT [--json]`: list the runs of an output. Needs no Spark, writes nothing.

`jobs.runs.run_list` finds the runs; this shows them, as a table or as lines of JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jobs.command_line.parser import Parser
from jobs.command_line.program_exit import exit_code_of
from jobs.leases.process_identity import is_running
from jobs.runs.run_list import ListedRun, runs_below

_PIPED_WIDTH = 10_000
_COLUMNS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "run": lambda row: row["run_id"],
    "status": lambda row: row["status"],
    "started": lambda row: (row["started_at"] or "-")[:19],
    "rows read": lambda row: row["rows_read"],
    "rejected": lambda row: row["rows_rejected"],
    "delivered": lambda row: row["events_delivered"],
    "dead": lambda row: row["events_dead_lettered"],
    "not attempted": lambda row: row["events_not_attempted"],
    "requests/s": lambda row: row["achieved_requests_per_second"],
    "dead letters": lambda row: row["dead_letters"],
    "ledger files": lambda row: row["ledger_files"],
}
_COUNTS = (
    "rows_read", "events_delivered", "rows_rejected", "duplicates_dropped", "already_delivered",
    "events_dead_lettered", "events_not_attempted", "achieved_requests_per_second",
)  # fmt: skip
_TEXTS = ("run", "status", "started")


def main(arguments: Sequence[str], prog: str = "inspect") -> int:
    """List the runs to stdout; return 0, or 2 and one sentence on stderr. `prog`: the name that the help shows."""
    return exit_code_of(lambda: _list(arguments, prog))


def _list(arguments: Sequence[str], prog: str) -> int:
    given = _parser(prog).parse_args(arguments)
    rows = [row_of(run) for run in runs_below(given.output, is_running)]
    try:
        _write(rows, as_json=given.json)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # `inspect | head` has seen enough: rich makes a SystemExit of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
    return 0


def _write(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.writelines(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    else:
        show(rows, Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH))


def row_of(run: ListedRun) -> dict[str, Any]:
    """Return a run as one flat object: counts are rows or events, `started_at` is ISO 8601; null is unknown."""
    return {
        "run_id": run.run_id,
        "status": run.state.status,
        "started_at": run.state.started_at,
        **{key: getattr(run.state.summary, key, None) for key in _COUNTS},
        "dead_letters": run.dead_letters,
        "ledger_files": run.ledger_files,
        "note": run.state.note,
    }


def show(rows: Sequence[dict[str, Any]], console: Console) -> None:
    """Print a table of `rows`, and notes on single runs below it."""
    table = Table(box=SIMPLE_HEAD)
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name in _TEXTS else "right", no_wrap=name != "run")
    for row in rows:
        table.add_row(*(Text(_shown(value(row))) for value in _COLUMNS.values()))
    console.print(table)
    for row in rows:
        if row["note"]:
            console.print(Text(f"{row['run_id']}: {row['note']}"))


def _shown(value: str | float | None) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:,}"


def _parser(prog: str = "inspect") -> Parser:
    parser = Parser(prog=prog, description="List the runs below an output folder.")
    parser.add_argument("output", metavar="OUTPUT", help="output.path: a local folder, s3:// or s3a://")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each run")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
