"""The job: `spark-submit jobs/put_events.py --config FILE` or `python -m jobs.put_events --config FILE`.

Turns how a run ended into an exit code and one sentence. What a run does stands in `jobs.run`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:
    # Started by path, as spark-submit does: Python then looks for modules beside this file, not at the root.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from delivery.errors import StorageError
from expectations.errors import ExpectationsError
from jobs.command import parse_command
from jobs.errors import Unaccounted, UsageError
from jobs.exit_status import UNEXPECTED_EXIT_CODE, USAGE_EXIT_CODE, Status
from jobs.run import StartSpark, run
from jobs.spark_session import started_spark
from transforms.errors import BadInput

_LOG = logging.getLogger("put_events")


def main(arguments: Sequence[str], start_spark: StartSpark = started_spark) -> int:
    """Run the job for `arguments` and return its exit code. `start_spark` gives the Spark to run it on."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s"
    )
    _LOG.setLevel(logging.INFO)
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(_has_a_name)
    try:
        return run(parse_command(arguments), start_spark)
    except (UsageError, BadInput, ExpectationsError, StorageError) as error:
        _LOG.error("%s", error)
        return USAGE_EXIT_CODE
    except Unaccounted as error:
        _LOG.error("%s", error)
        return Status.STOPPED.exit_code
    except Exception as error:  # noqa: BLE001 - the last resort: a trace of ours, without texts that may hold row values
        _LOG.critical(
            "unexpected %s; please report it with this trace:\n%s", type(error).__name__, _places(error)
        )
        return UNEXPECTED_EXIT_CODE


def _has_a_name(record: logging.LogRecord) -> bool:
    """Whether a logger of some module's own wrote it: only py4j writes to the root, traces of connections that broke.

    A stop and a Spark that is gone break them; the run's last lines say so.
    """
    return record.name != "root"


def _places(error: BaseException) -> str:
    """Where an error came from, without its text: Spark and Arrow put row values into theirs."""
    import traceback  # noqa: PLC0415 - only needed on the way out

    frames = traceback.extract_tb(error.__traceback__)
    return "\n".join(f"  {Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
