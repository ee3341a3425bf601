"""A run from its command to its summary: prepare, hold the leases, start Spark, check, refuse or send, count, close.

`load`, `bulk_import` and `replay` are the three kinds of run, each from top to bottom.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from threading import Thread
from typing import Protocol

from pyspark import SparkContext
from pyspark.sql import SparkSession

from core.aws.buckets import Bucket
from expectations.gate import too_many_rejected
from expectations.library import importing
from jobs.account.event_counts import EventCounts
from jobs.command_line.command import Command
from jobs.config.configuration import print_settings
from jobs.config.settings import ChecksSettings, Settings
from jobs.ending.failure import end_in_failure
from jobs.ending.under_way import RunUnderWay, under_way
from jobs.prepare.import_target import ImportTarget
from jobs.prepare.preparation import (
    PreparedLoad,
    prepare,
    prepare_import,
    prepare_replay,
    read_settings,
    refuse_output,
)
from jobs.progress.spark_phases import COUNT, IMPORT, WRITE_FILES, begin
from jobs.report.page import load_templates
from jobs.runs.execution import Execution
from jobs.runs.run_folder import RunFolder
from jobs.spark.workers import prepare_workers, ship_sender
from jobs.steps.checking import Checked, check
from jobs.steps.counting import count_staged
from jobs.steps.import_files import write_files
from jobs.steps.importing import import_written
from jobs.steps.ledger_compaction import compact
from jobs.steps.replaying import stage_again
from jobs.steps.sending import Sending, send
from jobs.stop_signals import StopSignals
from sources.tables.table_source import TableSource

_LOG = logging.getLogger("put_events")


class StartSpark(Protocol):
    """A source of the Spark session for a run, which ends with the run."""

    def __call__(
        self,
        buckets: Sequence[Bucket] = (),
        table: TableSource | None = None,
        once_forked: Callable[[], object] = lambda: None,
        once_connected: Callable[[SparkContext], object] = lambda _: None,
    ) -> AbstractContextManager[SparkSession]:
        """Start Spark. `buckets`: those that Spark will read or write; `table`: the one that it will read, if any.

        `once_forked` is called when this process has forked for the JVM, if it has to; `once_connected` when executors
        can work, and before there is a session.
        """
        ...


def run(command: Command, start_spark: StartSpark) -> int:
    """Carry out `command` and return the exit code.

    An error that comes before the output is known is raised; any later one is logged, and written into the run's folder
    as `error.json` where that can be.

    Raises:
        UsageError, StorageError: exit 2; the configuration can't be read, or its output is in its source.
        RunInterruptedError: exit 5; a signal came before the run held its folder, so that there is no summary.
    """
    signals = StopSignals()
    signals.arm()
    settings = read_settings(command)
    if command.print_config:
        print(print_settings(settings), end="")
        return 0
    refuse_output(settings)
    execution = Execution.begin(settings.output.path, command.run_id)
    try:
        if command.replay is not None:
            return replay(command, settings, execution, signals, start_spark)
        if command.bulk_import and not command.plan:
            return bulk_import(command, settings, execution, signals, start_spark)
        return load(command, settings, execution, signals, start_spark)
    except Exception as error:  # noqa: BLE001 - the last resort, which alone knows the run's folder
        return end_in_failure(error, execution)


def load(
    command: Command, settings: Settings, execution: Execution, signals: StopSignals, start_spark: StartSpark
) -> int:
    """Check the source and send its events; with `--plan`, show what sending them would take.

    Raises:
        UsageError, InputError, SuiteError, RuleCrashedError, StorageError: exit 2; no summary is written and nothing
            was sent.
        UnaccountedError: exit 5; events may have been sent, and the summary could not be written.
    """
    prepared = prepare(command, settings, execution.run, execution.began_at)
    library = importing()
    with under_way(prepared, execution, signals) as run:
        start = start_spark(prepared.buckets, prepared.table, library.start, _workers_for(prepared))
        with run.working(), start as spark:
            checked = _check(spark, run, prepared, library)
            if run.outcome.refusal is None and not prepared.plan_only:
                _send(spark, run, checked)
            run.outcome.counts = _count(spark, run, checked)
            if not prepared.plan_only:
                _compact(spark, run)
        return run.close()


def bulk_import(
    command: Command, settings: Settings, execution: Execution, signals: StopSignals, start_spark: StartSpark
) -> int:
    """Check the source, write its events as CSV, and have Personalize import them.

    Raises:
        UsageError, InputError, SuiteError, RuleCrashedError, StorageError, UnaccountedError: as `load`.
    """
    prepared, target = prepare_import(command, settings, execution.run, execution.began_at)
    library = importing()
    with under_way(prepared, execution, signals) as run:
        with run.working():
            with start_spark(prepared.buckets, prepared.table, library.start, ship_sender) as spark:
                checked = _check(spark, run, prepared, library)
                if run.outcome.refusal is None:
                    _write_files(spark, run, prepared, target, checked)
                run.outcome.counts = _count(spark, run, checked)
                _compact(spark, run)
            if run.outcome.written and (record := run.outcome.written.record):
                run.progress.begin(IMPORT)
                run.catch_up()
                run.outcome.imported = import_written(prepared, target, record, run.signals)
        return run.close()


def replay(
    command: Command, settings: Settings, execution: Execution, signals: StopSignals, start_spark: StartSpark
) -> int:
    """Send the dead letters of the run that `command` names again, in place of the source's events.

    Raises:
        UsageError, StorageError, UnaccountedError: as `load`.
    """
    run_id = str(command.replay)
    first = RunFolder(execution.run.output, run_id)
    prepared = prepare_replay(command, first, settings, execution.run)
    with under_way(prepared, execution, signals, replay_of=run_id) as run:
        with run.working(), start_spark(prepared.buckets, once_connected=prepare_workers) as spark:
            with run.signals.interrupting(spark.sparkContext):
                checked = run.outcome.checked = stage_again(spark, run.progress, prepared, first)
            _send(spark, run, checked)
            _compact(spark, run)
        return run.close()


def _workers_for(prepared: PreparedLoad) -> Callable[[SparkContext], object]:
    """Return what prepares the executors' workers for sending, if it comes to that."""
    return (lambda _: None) if prepared.plan_only else prepare_workers


def _check(spark: SparkSession, run: RunUnderWay, prepared: PreparedLoad, library: Thread) -> Checked:
    """Check the source, and record whether the run is refused. `library`: the import of what judges the rows."""
    library.join()
    with run.signals.interrupting(spark.sparkContext):
        checked = run.outcome.checked = check(spark, run.progress, prepared)
    run.outcome.refusal = _reason_to_refuse(checked, prepared.settings.checks)
    return checked


def _reason_to_refuse(checked: Checked, checks: ChecksSettings) -> str | None:
    """Return why the gate refuses: a critical expectation that failed as a whole, or too many rejected rows."""
    staged, verdict = checked.staged, checked.verdict
    too_many = too_many_rejected(staged.rows_rejected, staged.rows_read, checks.max_rejected_fraction)
    failures = verdict.failures if verdict and verdict.refused else ()
    return " ".join([*failures, *([too_many] if too_many else [])]) or None


def _send(spark: SparkSession, run: RunUnderWay, checked: Checked) -> None:
    load_templates()  # what is needed at the end must not be missing then
    sending = Sending.of(run.prepared, checked.files, run.execution.token, checked.staged)
    run.catch_up()
    run.outcome.sent = send(spark, sending, run.signals, run.progress, run.steering)


def _write_files(
    spark: SparkSession, run: RunUnderWay, prepared: PreparedLoad, target: ImportTarget, checked: Checked
) -> None:
    """Write the files of an import, and record whether they are refused."""
    load_templates()  # as before sending
    begin(run.progress, spark.sparkContext, WRITE_FILES)
    with run.signals.interrupting(spark.sparkContext):
        run.outcome.written = write_files(spark, prepared, target, checked.files)
    run.outcome.refusal = run.outcome.written.refusal


def _count(spark: SparkSession, run: RunUnderWay, checked: Checked) -> EventCounts | None:
    """Count what was to be sent, after sending, which waits for nothing that only a report shows.

    A run that was asked to stop has no time for it, and its summary does not fail because of it.
    """
    if not run.is_in_order:
        return None
    try:
        begin(run.progress, spark.sparkContext, COUNT)
        with run.signals.cancelling(spark.sparkContext):
            return count_staged(spark, checked.files)
    except Exception as error:  # noqa: BLE001 - for any error: what was sent must be accounted for
        _LOG.warning("the events were not counted by day and type: %s", type(error).__name__)
        return None


def _compact(spark: SparkSession, run: RunUnderWay) -> None:
    """Sort what the ledger has new, in a run that ends in order."""
    if run.is_in_order and run.outcome.refusal is None:
        with run.signals.cancelling(spark.sparkContext):
            compact(spark, run.prepared)
