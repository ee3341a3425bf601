"""Puts the sentence of a failed run below the output, as `error.json`: on a cluster stderr is in some container's log.

Only while it holds the run's folder, and never in place of the error itself: where the output can't take it, the log is
all there is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ValidationError

from jobs.account.summary import read_summary
from jobs.errors import UsageError
from jobs.leases.lease_keeper import LeaseKeeper
from jobs.program_exit import Failure
from jobs.runs.run_error import NAME, RunError, read_error, write_error
from jobs.runs.run_folder import RunFolder
from jobs.steps.run_places import bid_for_folder

_LOG = logging.getLogger("put_events")


class _Begun(BaseModel):
    """What is read of a summary."""

    started_at: AwareDatetime


@dataclass(frozen=True, slots=True)
class FailureRecord:
    """Writes the failure of one execution of `run`, which began at `started_at`."""

    run: RunFolder
    execution: str
    started_at: datetime
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def __call__(self, failure: Failure) -> None:
        """Write `failure` and say where it is, unless the folder is another run's or the output takes nothing."""
        with suppress(Exception):  # the run has ended with another error, which is the one to know
            if self._write(failure):
                _LOG.info("the same is in %s/%s", self.run.url, NAME)

    def _write(self, failure: Failure) -> bool:
        """Hold the folder for one write, without waiting for it; return whether that came about.

        Raises:
            PlaceHeldError: a run of this id is under way.
            StorageError: the output can't be read or written.
        """
        lease = bid_for_folder(self.run, self.execution).look()
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
        """Whether this execution has left its account, or one of the same run id that began later has ended."""
        folder = self.run.folder()
        began = [error.started_at] if (error := read_error(folder)) else []
        with suppress(UsageError, ValidationError):  # a damaged summary is no account
            if summary := read_summary(folder):
                began.append(_Begun.model_validate(summary).started_at)
        return any(other >= self.started_at for other in began)
