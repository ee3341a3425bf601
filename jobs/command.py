"""The command line of the job: its options, and nothing about what they do."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from jobs.errors import UsageError

# A run's name becomes a folder's and a file's name, on S3 and in Hadoop paths, where `:` and `/` mean something.
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_=+-]*(\.[A-Za-z0-9_=+-]+)*")
_RUN_ID_LENGTH = 128


@dataclass(frozen=True, slots=True)
class Command:
    """What the user asked for."""

    config: str
    overrides: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    run_id: str | None = None
    plan: bool = False
    print_config: bool = False


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see --help.")


def parse_command(arguments: Sequence[str]) -> Command:
    """The command in `arguments` (without the program's name).

    Raises:
        UsageError: an option that is unknown, incomplete or out of its form.
    """
    given = _parser().parse_args(arguments)
    if given.run_id is not None and not _is_run_id(given.run_id):
        raise UsageError(
            "--run-id may hold letters, digits and _ = + - with single dots between, 128 characters at most: "
            "it becomes a folder's name.",
        )
    return Command(
        config=given.config,
        overrides=tuple(given.set),
        since=given.since,
        until=given.until,
        run_id=given.run_id,
        plan=given.plan,
        print_config=given.print_config,
    )


def _is_run_id(text: str) -> bool:
    return len(text) <= _RUN_ID_LENGTH and _RUN_ID.fullmatch(text) is not None


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="put_events",
        description="Load interaction logs from Parquet into Amazon Personalize, within its quota.",
        epilog="Exit codes: 0 delivered or planned, 2 usage, 3 refused, 4 dead letters, 5 stopped (run again).",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--config", required=True, metavar="FILE", help="the job's YAML file: a local path, s3:// or s3a://")
    add(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="lay a YAML value over a dotted key; repeatable",
    )
    add(
        "--since",
        metavar="T",
        help="only events at or after this time (ISO 8601, UTC unless it says otherwise)",
    )
    add("--until", metavar="T", help="only events before this time")
    add(
        "--run-id",
        metavar="ID",
        help="the run's name; an earlier run of that name is replaced (default: a new one)",
    )
    add("--plan", action="store_true", help="do everything but send")
    add("--print-config", action="store_true", help="print the effective configuration and stop")
    return parser
