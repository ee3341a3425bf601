"""`personalize-backfill COMMAND …`, the console command: read the command's name and start that program alone.

A program is imported only when it is asked for: help, `inspect` and `control` load no Spark.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from core.suggestions import nearest
from jobs.command_line.parser import Parser
from jobs.command_line.program_exit import exit_code_of
from jobs.errors import UsageError

NAME = "personalize-backfill"

Main = Callable[[Sequence[str], str], int]
"""A program: takes its arguments and the name that its help shows, and returns its exit code."""


@dataclass(frozen=True, slots=True)
class Program:
    """A command: its line of help, and its function as `module:function`."""

    says: str
    entry: str

    def load(self) -> Main:
        """Import the program."""
        module, _, function = self.entry.partition(":")
        main: Main = getattr(importlib.import_module(module), function)
        return main


PROGRAMS: dict[str, Program] = {
    "init": Program("write a first configuration for a log", "jobs.init.__main__:main"),
    "plan": Program("show what a run would do, and send nothing", "jobs.cli.loading:plan"),
    "run": Program("load a log into Amazon Personalize", "jobs.cli.loading:run"),
    "import": Program("have Amazon Personalize import a log in bulk", "jobs.cli.loading:bulk_import"),
    "replay": Program("send the dead letters of an earlier run again", "jobs.cli.loading:replay"),
    "verify": Program("compare what was sent with what the service has", "jobs.verify.__main__:main"),
    "control": Program("slow, pause, resume or stop a run that is under way", "jobs.cli.control:main"),
    "inspect": Program("list the runs below an output, with their counts", "jobs.cli.inspect:main"),
    "demo": Program("load a made-up shop's history into a service on this machine", "jobs.cli.demo:main"),
}
"""The commands, in the order in which help lists them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the program that the first argument names; return its exit code.

    `arguments`: without the program's name; by default this process's own.
    """
    return exit_code_of(lambda: _start(sys.argv[1:] if arguments is None else arguments))


def _start(arguments: Sequence[str]) -> int:
    given = _parser().parse_args(arguments[:1])
    if given.command not in PROGRAMS:
        raise UsageError(
            f"{NAME} {given.command}: there is no such command.{_nearest(given.command)} See {NAME} --help."
        )
    return PROGRAMS[given.command].load()(arguments[1:], f"{NAME} {given.command}")


def _nearest(command: str) -> str:
    close = nearest(command, PROGRAMS, limit=1)
    return f" Did you mean {close[0]}?" if close else ""


def _parser() -> Parser:
    parser = Parser(
        prog=NAME,
        description="Load interaction logs from Parquet into Amazon Personalize, within its quota.",
        epilog=_epilog(),
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.usage = f"{NAME} COMMAND [OPTION]..."
    parser.add_argument(
        "command", metavar="COMMAND", help="one of those below; COMMAND --help shows its options"
    )
    parser.add_argument("--version", action="version", version=f"{NAME} {_version()}")
    return parser


def _epilog() -> str:
    width = max(map(len, PROGRAMS))
    lines = [f"  {name:{width}}  {program.says}" for name, program in PROGRAMS.items()]
    return "\n".join(
        [
            "commands:",
            *lines,
            "",
            f"A first run: {NAME} init LOG, then plan --config job.yaml, then run --config job.yaml.",
            "Exit codes: 0 done, 2 usage, 3 refused, 4 dead letters, 5 stopped (run again), 1 unexpected.",
        ]
    )


def _version() -> str:
    try:
        return version(NAME)
    except PackageNotFoundError:  # the code came in a zip, as on a cluster
        return "of unknown version: the package is not installed here"
