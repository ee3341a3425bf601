"""A run from its command to its summary: prepare → check → gate → send → account; a replay is one too.

The steps themselves are separate modules; this one has their order and the meaning of each ending.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from threading import Thread
from typing import Protocol, Self, TypeVar

from pyspark.sql import SparkSession

from core.aws.buckets import Bucket
from core.errors import StorageError
from expectations.gate import too_many_rejected
from expectations.library import import_in_background
from jobs.account.closed_account import Sent
from jobs.account.event_counts import EventCounts
from jobs.cancelling import cancelling
from jobs.closing import close
from jobs.command import Command
from jobs.config.configuration import print_settings
from jobs.config.settings import Settings
from jobs.control.steering import Steering
from jobs.control.watch import now_as_text, watched
from jobs.errors import RunInterruptedError, UnaccountedError
from jobs.failure import FailureRecord
from jobs.leases.lease_keeper import LeaseKeeper
from jobs.outcome import Outcome
from jobs.prepare.preparation import (
    Preparation,
    Prepared,
    prepare,
    prepare_replay,
    read_settings,
    refuse_overlap,
)
from jobs.program_exit import logged_exit_code
from jobs.progress.run_progress import PhaseListener, RunProgress
from jobs.progress.spark_phases import COUNT, IMPORT, START_SPARK, WRITE_FILES, begin
from jobs.progress.view import view_for
from jobs.report.page import load_templates
from jobs.runs.run_folder import RunFolder, absolute, new_run_id
from jobs.spark.spark_failures import SparkGone, is_gone
from jobs.steps.checking import Checked, check
from jobs.steps.counting import count_staged
from jobs.steps.import_files import Written
from jobs.steps.import_step import imported, written_files
from jobs.steps.ledger_compaction import compact
from jobs.steps.replaying import stage_again
from jobs.steps.run_leases import held_leases
from jobs.steps.sending import Sending, send
from jobs.stop_signals import StopSignals
from sources.table_source import TableSource


class StartSpark(Protocol):
    """A source of the Spark session for a run, which ends with the run."""

    def __call__(
        self, buckets: Sequence[Bucket] = (), table: TableSource | None = None
    ) -> AbstractContextManager[SparkSession]:
        """Start Spark. `buckets`: those that Spark will read or write; `table`: the one that it will read, if any."""
        ...


Stage = Callable[[SparkSession, PhaseListener], Checked]
"""Fills the run's stage with what is to be sent, and accounts for what is not; tells of its phases."""

T = TypeVar("T")

_LOG = logging.getLogger("put_events")
_GONE = "Spark's own process ended before anything was sent"


def run(command: Command, start_spark: StartSpark) -> int:
    """Carry out `command` and return the exit code.

    An error that comes before the output is known is raised; any later one is logged, and written into the run's folder
    as `error.json` where that can be.

    Raises:
        UsageError, StorageError: exit 2; the configuration can't be read, or its output is in its source.
    """
    settings = read_settings(command)
    if command.print_config:
        return _show(settings)
    refuse_overlap(settings)
    beginning = _Beginning.now()
    folder = beginning.folder(settings, command.run_id)
    return logged_exit_code(
        lambda: _carry_out(command, settings, folder, beginning, start_spark),
        on_failure=FailureRecord(folder, beginning.execution, beginning.at),
    )


def _carry_out(
    command: Command, settings: Settings, folder: RunFolder, beginning: _Beginning, start_spark: StartSpark
) -> int:
    """Load the source, or replay; return the exit code.

    Raises:
        UsageError, InputError, SuiteError, RuleCrashedError, StorageError: exit 2; no summary is written and nothing
            was sent.
        UnaccountedError: exit 5; events may have been sent, and the summary could not be written.
    """
    if command.replay is not None:
        return _replay(command, command.replay, settings, folder, beginning).carry_out(
            start_spark, command.replay
        )
    preparation = prepare(command, settings, folder, beginning.at)
    stage = partial(_checked, preparation, import_in_background())
    return _Run(preparation, stage, beginning).carry_out(start_spark)


def _replay(
    command: Command, run_id: str, settings: Settings, folder: RunFolder, beginning: _Beginning
) -> _Run:
    """Return a run that sends the dead letters of the run `run_id` again, in place of the source's events."""
    first = RunFolder(folder.output, run_id)
    prepared = prepare_replay(command, first, settings, folder)
    return _Run(prepared, partial(stage_again, prepared=prepared, first=first), beginning)


def _show(settings: Settings) -> int:
    print(print_settings(settings), end="")
    return 0


def _checked(
    preparation: Preparation, importing: Thread, spark: SparkSession, watch: PhaseListener
) -> Checked:
    importing.join()
    return check(spark, watch, preparation)


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The beginning of a run, and the token that no other execution has."""

    at: datetime
    execution: str

    @classmethod
    def now(cls) -> Self:
        return cls(datetime.now(UTC), uuid.uuid4().hex[:12])

    def folder(self, settings: Settings, run_id: str | None) -> RunFolder:
        return RunFolder(absolute(settings.output.path), run_id or new_run_id(self.at, self.execution))


class _Run:
    """A run in progress: what is known of it so far, so that it can be accounted for at any end."""

    def __init__(
        self,
        preparation: Prepared,
        stage: Stage,
        beginning: _Beginning,
    ) -> None:
        self._preparation = preparation
        self._stage = stage
        self._beginning = beginning
        self._signals = StopSignals()
        self._progress = RunProgress(view_for())
        limit = preparation.settings.delivery.max_requests_per_second
        self._steering = Steering(limit, self._signals.ask, now_as_text)
        self._own_folder: LeaseKeeper
        self._outcome = Outcome(beginning.at)

    def carry_out(self, start_spark: StartSpark, reads_run: str | None = None) -> int:
        """Carry it out and write its summary, while holding its leases; return the exit code."""
        places = held_leases(
            self._preparation, self._beginning.execution, self._signals.ask, reads_run=reads_run
        )
        self._outcome.replay_of = reads_run
        with places as self._own_folder:
            with self._progress, watched(self._preparation.run, self._beginning.execution, self._steering):
                self._carry_out(start_spark)
            return self._close()

    def _carry_out(self, start_spark: StartSpark) -> None:
        """Check, and send if the gate opens. At any end, no staged event is left."""
        place = self._preparation.run
        place.folder().delete_all()
        self._signals.arm()
        self._progress.begin(START_SPARK)
        try:
            with start_spark(self._preparation.buckets, self._preparation.table_source) as spark:
                # Once more: PySpark takes Ctrl-C over when its context starts.
                self._signals.arm()
                self._check_and_send(spark)
            self._import()
        except RunInterruptedError as stop:
            self._outcome.sent = Sent(stop_reason=str(stop))
        except SparkGone:
            self._outcome.sent = Sent(stop_reason=_GONE)
        except Exception:
            self._require_own_folder()
            place.folder().delete_all()
            raise
        finally:
            self._signals.only_note()
            self._clear_stage()

    def _require_own_folder(self) -> None:
        """Touch nothing in a folder whose lease another run has taken over."""
        if not self._own_folder.is_ours():
            raise UnaccountedError(
                "another run with this run ID took over the output folder because this run's lease expired: "
                "no summary was written. Once that run has ended, run the same command again."
            )

    def _clear_stage(self) -> None:
        """Delete the stage, and after a check that did not end all that it wrote."""
        place = self._preparation.run
        try:
            if self._own_folder.is_ours():
                (place.stage_folder() if self._outcome.checked else place.folder()).delete_all()
        except StorageError as error:
            _LOG.warning("the staged events are left behind; delete them: %s", error)

    def _check_and_send(self, spark: SparkSession) -> None:
        checked = self._outcome.checked = self._check(spark)
        refusal = self._outcome.refusal = self._reason_to_refuse(checked)
        if refusal is None and not self._preparation.plan_only:
            load_templates()  # what is needed at the end must not be missing then
        if refusal is None and isinstance(self._preparation, Preparation) and self._preparation.target:
            self._outcome.written = self._write_files(spark, self._preparation, checked)
            self._outcome.refusal = self._outcome.written.refusal
        elif refusal is None and not self._preparation.plan_only:
            sending = Sending.of(
                self._preparation,
                checked.files,
                self._beginning.execution,
                checked.staged.minimum_requests,
            )
            self._outcome.sent = send(spark, sending, self._signals, self._progress, self._steering)
        self._outcome.counts = self._count(spark, checked)
        self._tidy_ledger(spark)

    def _tidy_ledger(self, spark: SparkSession) -> None:
        """Sort what was recorded, in a run that ends in order: one that was told to stop has no time for it."""
        in_order = self._outcome.refusal is None and not self._outcome.sent.stop_reason
        if in_order and not self._signals.reason and not self._preparation.plan_only:
            with cancelling(spark.sparkContext) as cancel:
                self._signals.route_to(cancel)
                compact(spark, self._preparation)

    def _write_files(self, spark: SparkSession, preparation: Preparation, checked: Checked) -> Written:
        """Write the files of an import.

        Raises:
            RunInterruptedError: a signal came.
        """
        begin(self._progress, spark.sparkContext, WRITE_FILES)
        return self._uninterrupted(spark, lambda: written_files(spark, preparation, checked.files))

    def _import(self) -> None:
        """Have Personalize import the files that were written, if there are any and it is asked to."""
        if isinstance(self._preparation, Preparation) and (written := self._outcome.written):
            self._progress.begin(IMPORT)
            self._outcome.imported = imported(self._preparation, written, self._signals)

    def _count(self, spark: SparkSession, checked: Checked) -> EventCounts | None:
        """Count what was to be sent, after sending, which waits for nothing that only a report shows.

        A run that was asked to stop has no time for it, and its summary does not fail because of it.
        """
        if (
            isinstance(self._preparation, Preparation) is False
            or self._signals.reason
            or self._outcome.sent.stop_reason
        ):
            return None
        try:
            begin(self._progress, spark.sparkContext, COUNT)
            with cancelling(spark.sparkContext) as cancel:
                self._signals.route_to(cancel)
                return count_staged(spark, checked.files)
        except Exception as error:  # noqa: BLE001 - for any error: what was sent must be accounted for
            _LOG.warning("the events were not counted by day and type: %s", type(error).__name__)
            return None

    def _check(self, spark: SparkSession) -> Checked:
        """Check the source.

        Raises:
            RunInterruptedError: a signal came.
        """
        return self._uninterrupted(spark, lambda: self._stage(spark, self._progress))

    def _uninterrupted(self, spark: SparkSession, work: Callable[[], T]) -> T:
        """Do Spark's `work`; a signal or Spark's own end is no fault of the source's.

        Raises:
            RunInterruptedError: either came.
        """
        try:
            with cancelling(spark.sparkContext) as cancel:
                self._signals.route_to(cancel)
                result = work()
        except Exception as error:
            reason = self._signals.reason or (_GONE if is_gone(error, spark.sparkContext) else None)
            if reason is None:
                raise
            raise RunInterruptedError(reason) from None
        if self._signals.reason is not None:
            raise RunInterruptedError(self._signals.reason)
        return result

    def _reason_to_refuse(self, checked: Checked) -> str | None:
        """Return why the gate refuses: a critical expectation that failed as a whole, or too many rejected rows."""
        staged = checked.staged
        most = self._preparation.settings.checks.max_rejected_fraction
        too_many = too_many_rejected(staged.rows_rejected, staged.rows_read, most)
        verdict = checked.verdict
        failures = verdict.failures if verdict and verdict.refused else ()
        return " ".join([*failures, *([too_many] if too_many else [])]) or None

    def _close(self) -> int:
        """Write the result of the run; return the exit code."""
        self._require_own_folder()
        self._outcome.steering = self._steering.requests
        return close(self._preparation, self._outcome)
