"""Dead letters again: `spark-submit jobs/replay.py --config FILE --run-id ID` or `python -m jobs.replay …`.

Starts the replay, and nothing else. What it does stands in `jobs.run` and `jobs.replaying`.
"""

from __future__ import annotations

import sys

if not __package__:
    # Started by path, as spark-submit does: Python then looks for modules beside this file, not at the root, and would
    # take `jobs/inspect.py` for its own `inspect`. So this comes before every other import.
    sys.path[0] = __file__.rsplit("/", 2)[0]

from collections.abc import Sequence

from jobs.command import parse_replay_command
from jobs.program_exit import exit_code_of
from jobs.run import StartSpark, replay
from jobs.spark_session import started_spark


def main(arguments: Sequence[str], start_spark: StartSpark = started_spark) -> int:
    """Replay a run for `arguments` and return the exit code. `start_spark` gives the Spark to run on."""
    return exit_code_of(lambda: replay(parse_replay_command(arguments), start_spark))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
