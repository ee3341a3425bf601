"""`personalize-backfill import`: the same as `put_events.py --import`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from jobs.command import parse_command
from jobs.program_exit import exit_code_of
from jobs.run import StartSpark, run
from jobs.spark_session import started_spark


def main(
    arguments: Sequence[str],
    prog: str = "import",  # noqa: ARG001 - as every command is called
    start_spark: StartSpark = started_spark,
) -> int:
    """Import what `arguments` name and return the exit code. `start_spark` gives the Spark to run on."""
    return exit_code_of(lambda: run(parse_command([*arguments, "--import"]), start_spark))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
