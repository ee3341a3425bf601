"""`personalize-backfill demo`: the demo, if its dependencies are installed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from jobs.command_line.parser import Parser
from jobs.command_line.program_exit import exit_code_of
from jobs.errors import UsageError

_NEEDED = ("demo", "standin", "httptools", "numpy", "trustme", "uvloop")
_FOLDER = Path("build/demo")
_EVENTS = 200_000


def main(arguments: Sequence[str], prog: str = "demo") -> int:
    """Run the demo; return 0 if all counts agree, 1 if they don't, or 2 and one sentence on stderr."""
    return exit_code_of(lambda: _demonstrate(arguments, prog))


def _demonstrate(arguments: Sequence[str], prog: str) -> int:
    asked = _parser(prog).parse_args(arguments)
    if asked.events < 1:
        raise UsageError("--events: not a number of rows. Give 1 or more.")
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the demo can't run: {', '.join(missing)} not installed. Run make demo in a checkout of the "
            "project, which installs them."
        )
    from demo.demonstration import FolderInUseError, demonstrate  # noqa: PLC0415 - the job itself comes without it

    try:
        return demonstrate(asked.folder, asked.events)
    except FolderInUseError as error:
        raise UsageError(f"--folder: {error} Name another.") from None


def _parser(prog: str = "demo") -> Parser:
    parser = Parser(
        prog=prog,
        description="Make a shop's history, load it twice into a service on this machine, and compare the counts.",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=_FOLDER,
        help="the folder for all files (default: build/demo); an earlier demo in it is replaced",
    )
    parser.add_argument(
        "--events", metavar="N", type=int, default=_EVENTS, help="rows in the history (default: 200000)"
    )
    return parser
