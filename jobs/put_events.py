"""The job: `spark-submit jobs/put_events.py --config FILE` or `python -m jobs.put_events --config FILE`.

The run itself is in `jobs.run`.
"""

from __future__ import annotations

import sys

if not __package__:
    # Started by path, as spark-submit does: Python then looks for modules next to this file, not at the
    # root. So this comes before every other import.
    sys.path[0] = __file__.rsplit("/", 2)[0]

from collections.abc import Sequence

from jobs.command_line.command import parse_command
from jobs.command_line.program_exit import exit_code_of
from jobs.run import StartSpark, run
from jobs.spark.spark_session import started_spark


def main(arguments: Sequence[str], start_spark: StartSpark = started_spark) -> int:
    """Run the job for `arguments` and return the exit code. `start_spark` gives the Spark to run on."""
    return exit_code_of(lambda: run(parse_command(arguments), start_spark))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
