"""The end of a program: an exit code, and one sentence on stderr if something is wrong.

Sets logging up, and turns every error into its code.
"""

from __future__ import annotations

import io
import logging
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import BackfillError, is_passing
from jobs.account.exit_status import UNEXPECTED_EXIT_CODE, Status
from jobs.errors import RunInterruptedError

_LOG = logging.getLogger("put_events")
INTERRUPTED_EXIT_CODE = 130
"""The exit code that a shell reports for a process that SIGINT ended."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The meaning of an error: the exit code, and the text to log, which contains no value of a row."""

    exit_code: int
    level: int
    text: str


def exit_code_of(program: Callable[[], int]) -> int:
    """Set up logging, run `program`, and return its exit code, or the code of what it raised."""
    _set_up_logging()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # As stderr does: a file's name may be text in no encoding.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return program()
    except RunInterruptedError as stop:
        _LOG.error(
            "%s before the run began to read: nothing was sent, and there is no summary. Run the same command again.",
            stop,
        )
        return Status.STOPPED.exit_code
    except KeyboardInterrupt:
        _LOG.error("SIGINT was received before the command had ended. Run the same command again.")
        return INTERRUPTED_EXIT_CODE
    except Exception as error:  # noqa: BLE001 - the last resort: a trace of ours, without texts that may hold row values
        return logged(error).exit_code


def logged(error: Exception) -> Failure:
    """Log `error`, and return its meaning."""
    failure = failure_of(error)
    _LOG.log(failure.level, "%s", failure.text)
    return failure


def failure_of(error: Exception) -> Failure:
    """Return the meaning of `error`: one sentence of ours, or its type and trace."""
    if isinstance(error, BackfillError):
        code = Status.STOPPED.exit_code if is_passing(error) else error.exit_code
        return Failure(code, logging.ERROR, str(error))
    text = f"unexpected {type(error).__name__}; please report it with this trace:\n{_frames(error)}"
    return Failure(UNEXPECTED_EXIT_CODE, logging.CRITICAL, text)


def _set_up_logging() -> None:
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s"
    )
    _LOG.setLevel(logging.INFO)
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    for name in ("botocore.credentials", "botocore.tokens"):  # they log a trace of what they raise as well
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # each lost answer, with what is left of it
    logging.getLogger().addFilter(_has_a_name)
    # SparkContext copies what --py-files names as if it were local, and warns about S3; YARN has put it on
    # the path. Here, before there are threads: one that is importing would restore the filters as it found
    # them.
    warnings.filterwarnings("ignore", message="Failed to add file")


def _has_a_name(record: logging.LogRecord) -> bool:
    """Return whether a named logger wrote it: only py4j writes to the root logger, traces of broken connections.

    A stop breaks them, and so does a Spark that is gone; the run's last lines say so.
    """
    return record.name != "root"


def _frames(error: BaseException) -> str:
    """Return where an error came from, without its text: Spark and Arrow put row values into theirs."""
    import traceback  # noqa: PLC0415 - only needed on the way out

    frames = traceback.extract_tb(error.__traceback__)
    return "\n".join(f"  {Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
