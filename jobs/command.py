"""The command line of the job: its options, and nothing about what they do."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass

from jobs.errors import UsageError
from jobs.parser import Parser

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


@dataclass(frozen=True, slots=True)
class ReplayCommand:
    """What the user asked to be sent again: the dead letters of the run `run_id`."""

    config: str
    run_id: str
    overrides: tuple[str, ...] = ()
    as_run: str | None = None
    print_config: bool = False


def parse_command(arguments: Sequence[str]) -> Command:
    """The command in `arguments` (without the program's name).

    Raises:
        UsageError: an option that is unknown, incomplete or out of its form.
    """
    given = _parser().parse_args(arguments)
    _require_run_id("--run-id", given.run_id)
    return Command(
        config=given.config,
        overrides=tuple(given.set),
        since=given.since,
        until=given.until,
        run_id=given.run_id,
        plan=given.plan,
        print_config=given.print_config,
    )


def parse_replay_command(arguments: Sequence[str]) -> ReplayCommand:
    """The replay in `arguments` (without the program's name).

    Raises:
        UsageError: an option that is unknown, incomplete or out of its form.
    """
    given = _replay_parser().parse_args(arguments)
    _require_run_id("--run-id", given.run_id)
    _require_run_id("--as-run", given.as_run)
    if given.as_run == given.run_id:
        raise UsageError(
            "--as-run must be another name than --run-id: a run's files are replaced by its namesake."
        )
    return ReplayCommand(
        config=given.config,
        run_id=given.run_id,
        overrides=tuple(given.set),
        as_run=given.as_run,
        print_config=given.print_config,
    )


def _require_run_id(option: str, text: str | None) -> None:
    if text is not None and (len(text) > _RUN_ID_LENGTH or _RUN_ID.fullmatch(text) is None):
        raise UsageError(
            f"{option} may hold letters, digits and _ = + - with single dots between, 128 characters at most: "
            "it becomes a folder's name.",
        )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="put_events",
        description="Load interaction logs from Parquet into Amazon Personalize, within its quota.",
        epilog="Exit codes: 0 delivered or planned, 2 usage, 3 refused, 4 dead letters, 5 stopped (run again).",
    )
    _add_configuration(parser)
    add = parser.add_argument
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
    return parser


def _replay_parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="replay",
        description="Send a run's dead letters again, minus what has been accepted since.",
        epilog="Exit codes: 0 delivered, 2 usage, 4 dead letters again, 5 stopped (run again).",
    )
    _add_configuration(parser)
    add = parser.add_argument
    add("--run-id", required=True, metavar="ID", help="the run whose dead letters go out again")
    add("--as-run", metavar="ID", help="the replay's own name as a run (default: a new one)")
    return parser


def _add_configuration(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--config", required=True, metavar="FILE", help="the job's YAML file: a local path, s3:// or s3a://")
    add(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="lay a YAML value over a dotted key; repeatable",
    )
    add("--print-config", action="store_true", help="print the effective configuration and stop")
