"""What a program of ours ends with: an exit code, and one sentence on stderr where something is wrong.

Sets logging up, and turns every error into its code. What the program does is handed in.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

from delivery.errors import DeliveryError
from expectations.errors import ExpectationsError
from jobs.errors import Unaccounted, UsageError
from jobs.exit_status import UNEXPECTED_EXIT_CODE, USAGE_EXIT_CODE, Status
from transforms.errors import BadInput

_LOG = logging.getLogger("put_events")


def exit_code_of(program: Callable[[], int]) -> int:
    """Run `program`, which returns its exit code, and return that, or the code of what it raised."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s"
    )
    _LOG.setLevel(logging.INFO)
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(_has_a_name)
    try:
        return program()
    except (UsageError, BadInput, ExpectationsError, DeliveryError) as error:
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
