"""The commands `run`, `plan`, `replay` and `import`. A command line is checked before Spark is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jobs.command_line.command import Command, parse_command, parse_import, parse_plan, parse_replay
from jobs.command_line.program_exit import exit_code_of


def run(arguments: Sequence[str], prog: str) -> int:
    """Load a log; return the exit code."""
    return _carried_out(parse_command, arguments, prog)


def plan(arguments: Sequence[str], prog: str) -> int:
    """Do everything but send; return the exit code."""
    return _carried_out(parse_plan, arguments, prog)


def replay(arguments: Sequence[str], prog: str) -> int:
    """Send a run's dead letters again; return the exit code."""
    return _carried_out(parse_replay, arguments, prog)


def bulk_import(arguments: Sequence[str], prog: str) -> int:
    """Have Personalize import the events in place of sending them; return the exit code."""
    return _carried_out(parse_import, arguments, prog)


def _carried_out(parse: Callable[[Sequence[str], str], Command], arguments: Sequence[str], prog: str) -> int:
    def program() -> int:
        command = parse(arguments, prog)
        from jobs.run import run as carry_out  # noqa: PLC0415 - it loads Spark
        from jobs.spark.spark_session import started_spark  # noqa: PLC0415

        return carry_out(command, started_spark)

    return exit_code_of(program)
