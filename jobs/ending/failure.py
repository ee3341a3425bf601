"""Write the error of a failed run into the output, as `error.json`: on a cluster stderr is in some container's log.

Only while holding the lease of the run's folder, and never in place of the error itself: if the output
can't be written, the log is all there is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from jobs.account.summary import read_summary
from jobs.command_line.program_exit import Failure, logged
from jobs.ending.run_leases import request_folder_lease
from jobs.errors import UnaccountedError, UsageError
from jobs.leases.lease_keeper import LeaseKeeper
from jobs.runs.execution import Execution
from jobs.runs.run_error import NAME, RunError, read_error, write_error

_LOG = logging.getLogger("put_events")


def end_in_failure(error: Exception, execution: Execution) -> int:
    """Log the error that ends an execution, write it into the run's folder, and return the exit code."""
    failure = logged(error)
    if not isinstance(error, UnaccountedError):
        record_failure(failure, execution, lambda: datetime.now(UTC))
    return failure.exit_code


def record_failure(failure: Failure, execution: Execution, now: Callable[[], datetime]) -> None:
    """Write `failure` and log where it is, unless the folder is another run's or can't be written."""
    with suppress(Exception):  # the run has ended with another error, which is the one to report
        if _write(failure, execution, now):
            _LOG.info("the same is in %s/%s", execution.run.url, NAME)


def _write(failure: Failure, execution: Execution, now: Callable[[], datetime]) -> bool:
    """Take the folder's lease for one write, without waiting for it; return whether the file was written.

    Raises:
        LeaseHeldError: a run of this id is in progress.
        StorageError: the output can't be read or written.
    """
    run = execution.run
    lease = request_folder_lease(run, execution.token).acquire()
    if lease is None:
        return False
    with LeaseKeeper(lease, on_lost=lambda _: None, now=lambda: now().isoformat(timespec="seconds")):
        if _has_newer_files(execution):
            return False
        error = RunError(
            run_id=run.run_id,
            exit_code=failure.exit_code,
            error=failure.text,
            started_at=execution.began_at,
            finished_at=now(),
        )
        write_error(run.folder(), error)
    return True


def _has_newer_files(execution: Execution) -> bool:
    """Return whether this execution has written its summary, or a later one of the same run id has ended."""
    folder = execution.run.folder()
    began = [error.started_at] if (error := read_error(folder)) else []
    with suppress(UsageError):  # a damaged summary does not count
        if summary := read_summary(folder):
            began.append(summary.started_at)
    return any(other >= execution.began_at for other in began)
