"""The command line of the job: its options."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.event_window import Window
from jobs.command_line.parser import Parser
from jobs.errors import UsageError

# A run's name becomes a folder's and a file's name, on S3 and in Hadoop paths, where `:` and `/` mean something.
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_=+-]*(\.[A-Za-z0-9_=+-]+)*")
_RUN_ID_LENGTH = 128
_CODES = "0 delivered or planned, 2 usage, 3 refused, 4 dead letters, 5 stopped (run again), 1 unexpected"
_IMPORT_CODES = (
    "0 imported or written, 2 usage or a failed import job, 3 refused, 5 stopped (run again), 1 unexpected"
)
PROG = "put_events"


@dataclass(frozen=True, slots=True)
class Command:
    """The user's request.

    `replay`: the run whose dead letters are sent again, in place of the source; `first`: the maximum number
    of events to send, None for all; `bulk_import`: have Personalize import the events, in place of sending
    them.
    """

    config: str
    overrides: tuple[str, ...] = ()
    window: Window = field(default_factory=Window)
    run_id: str | None = None
    replay: str | None = None
    first: int | None = None
    plan: bool = False
    print_config: bool = False
    bulk_import: bool = False


def parse_command(arguments: Sequence[str], prog: str = PROG) -> Command:
    """Return the command in `arguments` (without the program's name); `prog`: the name that its help shows.

    Raises:
        UsageError, InputError: an option that is unknown, incomplete or out of its form.
    """
    return _command(_parser(prog).parse_args(arguments))


def parse_plan(arguments: Sequence[str], prog: str) -> Command:
    """Return the command of `plan`, which is a run with `--plan`.

    Raises:
        UsageError, InputError: see `parse_command`.
    """
    return _command(_plan_parser(prog).parse_args(arguments))


def parse_import(arguments: Sequence[str], prog: str) -> Command:
    """Return the command of `import`, a run with `--import`.

    Raises:
        UsageError, InputError: see `parse_command`.
    """
    return _command(_import_parser(prog).parse_args(arguments))


def parse_replay(arguments: Sequence[str], prog: str) -> Command:
    """Return the command of `replay`, a run with `--replay`.

    Raises:
        UsageError, InputError: see `parse_command`.
    """
    return _command(_replay_parser(prog).parse_args(arguments))


def _command(given: argparse.Namespace) -> Command:
    require_run_id("--run-id", given.run_id)
    require_run_id("the run to replay", given.replay)
    _require_replayable(given)
    _require_first(given)
    return Command(
        config=given.config,
        overrides=tuple(given.set),
        window=Window.parse(given.since, given.until),
        run_id=given.run_id,
        replay=given.replay,
        first=given.first,
        plan=given.plan,
        print_config=given.print_config,
        bulk_import=given.bulk_import,
    )


def require_run_id(what: str, text: str | None) -> None:
    """Refuse a run ID that could not be a folder's name.

    Raises:
        UsageError: it can't; the text names `what`.
    """
    if text is not None and (len(text) > _RUN_ID_LENGTH or _RUN_ID.fullmatch(text) is None):
        raise UsageError(
            f"{what}: it can't be a folder's name, which it becomes. Use letters, digits and _ = + - with single "
            "dots between, 128 characters at most.",
        )


def _require_replayable(given: argparse.Namespace) -> None:
    """Refuse options that a replay can't use: it reads no source, so it has no window and nothing to plan."""
    if given.replay is None:
        return
    for option, value in (
        ("--since", given.since),
        ("--until", given.until),
        ("--plan", given.plan or None),
        ("--import", given.bulk_import or None),
    ):
        if value is not None:
            raise UsageError(
                f"{option} can't be combined with --replay: a replay sends all dead letters of a run, as they are, "
                f"and checks nothing. Leave out {option}."
            )
    if given.run_id == given.replay:
        raise UsageError(
            "--run-id must differ from the run to replay: it names the replay itself, and would replace the run "
            "whose dead letters are to be sent. Give another name, or leave out --run-id."
        )


def _require_first(given: argparse.Namespace) -> None:
    if given.first is None:
        return
    if given.plan:
        raise UsageError(
            "--first can't be combined with --plan: a plan sends nothing, and shows the whole. Leave out one of them."
        )
    if given.bulk_import:
        raise UsageError(
            "--first can't be combined with --import: an import job brings all events or none. Leave out one of them."
        )
    if given.first < 1:
        raise UsageError("--first: not a number of events. Give 1 or more.")


def _parser(prog: str = PROG) -> Parser:
    """Build the parser of `run`, which is `put_events.py`."""
    parser = _new_parser(
        prog, "Load interaction logs from Parquet into Amazon Personalize, within its quota."
    )
    _add_window(parser)
    _add_first(parser)
    parser.add_argument(
        "--replay",
        metavar="RUN_ID",
        help="send the dead letters of this earlier run again, minus what was accepted since, and nothing else",
    )
    parser.add_argument("--plan", action="store_true", help="do everything but send")
    parser.add_argument(
        "--import",
        dest="bulk_import",
        action="store_true",
        help="write the events as CSV and have Personalize import them, instead of sending them",
    )
    return parser


def _import_parser(prog: str = "import") -> Parser:
    parser = _new_parser(
        prog, "Check a log, write its events as CSV, and have Amazon Personalize import them.", _IMPORT_CODES
    )
    _add_window(parser)
    parser.set_defaults(plan=False, replay=None, first=None, bulk_import=True)
    return parser


def _plan_parser(prog: str = "plan") -> Parser:
    parser = _new_parser(prog, "Read, check and stage a log, and show what sending it would take.")
    _add_window(parser)
    parser.set_defaults(plan=True, replay=None, first=None, bulk_import=False)
    return parser


def _replay_parser(prog: str = "replay") -> Parser:
    parser = _new_parser(
        prog,
        "Send the dead letters of an earlier run again, minus what was accepted since, and nothing else.",
    )
    parser.add_argument("replay", metavar="RUN_ID", help="the run that left the dead letters")
    _add_first(parser)
    parser.set_defaults(plan=False, since=None, until=None, bulk_import=False)
    return parser


def _new_parser(prog: str, description: str, codes: str = _CODES) -> Parser:
    """Build a parser with the options that the programs share."""
    parser = Parser(prog=prog, description=description, epilog=f"Exit codes: {codes}.")
    add = parser.add_argument
    add("--config", required=True, metavar="FILE", help="the job's YAML file: a local path, s3:// or s3a://")
    add(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a YAML value for a dotted key, in place of the file's; repeatable",
    )
    add(
        "--run-id",
        metavar="ID",
        help="the run's name; an earlier run of that name is replaced (default: a new one)",
    )
    add("--print-config", action="store_true", help="print the effective configuration and stop")
    return parser


def _add_window(parser: Parser) -> None:
    parser.add_argument(
        "--since",
        metavar="T",
        help="only events at or after this time (ISO 8601, UTC unless it says otherwise)",
    )
    parser.add_argument("--until", metavar="T", help="only events before this time")


def _add_first(parser: Parser) -> None:
    parser.add_argument(
        "--first",
        type=int,
        metavar="N",
        help="a trial: send at most N events and end as stopped; the same command without it sends the rest",
    )
