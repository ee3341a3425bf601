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
    """What the user asked for.

    `replay`: the run whose dead letters are sent again, in place of the source. `bulk_import`: have Personalize import
    the events, in place of sending them.
    """

    config: str
    overrides: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    run_id: str | None = None
    replay: str | None = None
    plan: bool = False
    print_config: bool = False
    bulk_import: bool = False


def parse_command(arguments: Sequence[str]) -> Command:
    """The command in `arguments` (without the program's name).

    Raises:
        UsageError: an option that is unknown, incomplete or out of its form.
    """
    given = _parser().parse_args(arguments)
    require_run_id("--run-id", given.run_id)
    require_run_id("--replay", given.replay)
    _require_replayable(given)
    return Command(
        config=given.config,
        overrides=tuple(given.set),
        since=given.since,
        until=given.until,
        run_id=given.run_id,
        replay=given.replay,
        plan=given.plan,
        print_config=given.print_config,
        bulk_import=getattr(given, "bulk_import", False),
    )


def require_run_id(option: str, text: str | None) -> None:
    """Refuse a run's name that could not be a folder's. Raises `UsageError`, which names `option`."""
    if text is not None and (len(text) > _RUN_ID_LENGTH or _RUN_ID.fullmatch(text) is None):
        raise UsageError(
            f"{option} may hold letters, digits and _ = + - with single dots between, 128 characters at most: "
            "it becomes a folder's name.",
        )


def _require_replayable(given: argparse.Namespace) -> None:
    """Refuse what a replay can't do: it reads no source, so it has no window, and it checks nothing to plan by."""
    if given.replay is None:
        return
    for option, value in (
        ("--since", given.since),
        ("--until", given.until),
        ("--plan", given.plan or None),
        ("--import", getattr(given, "bulk_import", False) or None),
    ):
        if value is not None:
            raise UsageError(
                f"{option} can't be combined with --replay: a replay sends all dead letters of a run, as they are, "
                f"and checks nothing. Leave out {option}."
            )
    if given.run_id == given.replay:
        raise UsageError(
            "--run-id must differ from --replay: it names the replay itself, and would replace the run whose dead "
            "letters are to be sent. Give another name, or leave out --run-id."
        )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="put_events",
        description="Load interaction logs from Parquet into Amazon Personalize, within its quota.",
        epilog="Exit codes: 0 delivered or planned, 2 usage, 3 refused, 4 dead letters, 5 stopped (run again).",
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
    add(
        "--replay",
        metavar="RUN_ID",
        help="send the dead letters of this earlier run again, minus what was accepted since, and nothing else",
    )
    add("--plan", action="store_true", help="do everything but send")
    add(
        "--import",
        dest="bulk_import",
        action="store_true",
        help="write the events as CSV and have Personalize import them, instead of sending them",
    )
    add("--print-config", action="store_true", help="print the effective configuration and stop")
    return parser
