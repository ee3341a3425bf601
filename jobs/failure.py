"""Write the error of a failed run into the output, as `error.json`: on a cluster stderr is in some container's log.

Only while holding the lease of the run's folder, and never in place of the error itself: if the output
can't be written, the log is all there is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from jobs.account.summary import read_summary
from jobs.errors import UsageError
from jobs.leases.lease_keeper import LeaseKeeper
from jobs.program_exit import Failure
from jobs.runs.run_error import NAME, RunError, read_error, write_error
from jobs.runs.run_folder import RunFolder
from jobs.steps.run_leases import request_folder_lease

_LOG = logging.getLogger("put_events")


@dataclass(frozen=True, slots=True)
class FailureRecord:
    """A writer of the failure of one execution of `run`, which began at `started_at`."""

    run: RunFolder
    execution: str
    started_at: datetime
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def __call__(self, failure: Failure) -> None:
        """Write `failure` and log where it is, unless the folder is another run's or can't be written."""
        with suppress(Exception):  # the run has ended with another error, which is the one to report
            if self._write(failure):
                _LOG.info("the same is in %s/%s", self.run.url, NAME)

    def _write(self, failure: Failure) -> bool:
        """Take the folder's lease for one write, without waiting for it; return whether the file was written.

        Raises:
            LeaseHeldError: a run of this id is in progress.
            StorageError: the output can't be read or written.
        """
        lease = request_folder_lease(self.run, self.execution).acquire()
        if lease is None:
            return False
        with LeaseKeeper(lease, on_lost=lambda _: None, now=lambda: self.now().isoformat(timespec="seconds")):
            if self._has_newer_files():
                return False
            write_error(self.run.folder(), self._error(failure))
        return True

    def _error(self, failure: Failure) -> RunError:
        return RunError(
            run_id=self.run.run_id,
            exit_code=failure.exit_code,
            error=failure.text,
            started_at=self.started_at,
            finished_at=self.now(),
        )

    def _has_newer_files(self) -> bool:
        """Return whether this execution has written its summary, or a later one of the same run id has ended."""
        folder = self.run.folder()
        began = [error.started_at] if (error := read_error(folder)) else []
        with suppress(UsageError):  # a damaged summary does not count
            if summary := read_summary(folder):
                began.append(summary.started_at)
        return any(other >= self.started_at for other in began)
