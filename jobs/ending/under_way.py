"""A run that is under way: from when it holds its leases to its summary, whichever way it ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from core.aws.s3_errors import S3ExpiredError
from core.errors import BackfillError, PassingError, StorageError, is_caused_by
from jobs.control.polling import now_as_text, polled
from jobs.control.steering import Steering
from jobs.ending.closing import close
from jobs.ending.outcome import Outcome
from jobs.ending.run_leases import held_leases
from jobs.errors import RunInterruptedError, UnaccountedError
from jobs.leases.lease_keeper import LeaseKeeper
from jobs.prepare.preparation import Prepared
from jobs.progress.run_progress import RunProgress
from jobs.progress.spark_phases import START_SPARK
from jobs.progress.view import view_for
from jobs.runs.execution import Execution
from jobs.spark.spark_failures import SparkGone
from jobs.stop_signals import SPARK_IS_GONE, StopSignals

_LOG = logging.getLogger("put_events")


@contextmanager
def under_way(
    prepared: Prepared, execution: Execution, signals: StopSignals, replay_of: str | None = None
) -> Iterator[RunUnderWay]:
    """Hold the run's leases within the block. `replay_of`: the run whose dead letters it sends again.

    `signals` are armed.

    Raises:
        UsageError: another run holds one of them.
        StorageError: the output can't be read or written.
    """
    with held_leases(prepared, execution.token, signals.ask, reads_run=replay_of) as own_folder:
        outcome = Outcome(execution.began_at, replay_of)
        yield RunUnderWay(prepared, execution, outcome, signals, own_folder)


class RunUnderWay:
    """A run under way: its stops, its steering, its display, and what is known of it so far.

    `own_folder`: the lease of the run's folder.
    """

    def __init__(
        self,
        prepared: Prepared,
        execution: Execution,
        outcome: Outcome,
        signals: StopSignals,
        own_folder: LeaseKeeper,
    ) -> None:
        self.prepared = prepared
        self.execution = execution
        self.outcome = outcome
        self.signals = signals
        self.progress = RunProgress(view_for())
        limit = prepared.settings.delivery.max_requests_per_second
        self.steering = Steering(limit, signals.ask, now_as_text)
        self._own_folder = own_folder
        self._control = polled(
            prepared.run.output, prepared.run.run_id, execution.token, self.steering, sends=prepared.sends
        )

    @property
    def is_in_order(self) -> bool:
        """Return whether nothing asks the run to end early: then there is time for more than the account."""
        return not (self.signals.reason or self.outcome.sent.stop_reason)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Work from an empty folder, and let a stop end the block early. However it ends, no staged event is left."""
        folder = self.prepared.run.folder()
        with self.progress, self._control:
            folder.delete_all()
            self.progress.begin(START_SPARK)
            try:
                yield
            except RunInterruptedError as stop:
                self.outcome.stop(str(stop))
            except SparkGone:
                self.outcome.stop(SPARK_IS_GONE)
            except Exception as error:
                self._require_own_folder()
                if _only_stops(error):
                    self.outcome.stop(str(error))
                    return
                folder.delete_all()
                raise
            finally:
                self.signals.only_note()
                self._clear_stage()

    def catch_up(self) -> None:
        """Carry out what `control` asked up to now, before what can't be undone."""
        self._control.catch_up()

    def close(self) -> int:
        """Write the result of the run; return the exit code.

        Raises:
            StorageError: the output can't be written; nothing was sent.
            UnaccountedError: the same, after events were sent; or the folder is another run's.
        """
        self._require_own_folder()
        self.outcome.steering = self.steering.requests
        return close(self.prepared, self.outcome)

    def _require_own_folder(self) -> None:
        """Touch nothing in a folder whose lease another run has taken over."""
        if not self._own_folder.is_ours():
            raise UnaccountedError(
                "another run with this run ID took over the output folder: this run's lease had expired, and "
                "no summary was written. Run the same command again once that run has ended."
            )

    def _clear_stage(self) -> None:
        """Delete the stage or, if the check did not end, all that it wrote."""
        run = self.prepared.run
        try:
            if self._own_folder.is_ours():
                (run.stage_folder() if self.outcome.checked else run.folder()).delete_all()
        except StorageError as error:
            _LOG.warning("the staged events are left behind; delete them: %s", error)


def _only_stops(error: Exception) -> bool:
    """Return whether the run ends as stopped: S3 failed for the moment, or the credentials have expired."""
    is_accounted = isinstance(error, BackfillError) and not isinstance(error, UnaccountedError)
    return is_accounted and is_caused_by(error, PassingError, S3ExpiredError)
