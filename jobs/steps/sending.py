"""Sending the stage: one task per staged file, one budget for all of them, and the result."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

from py4j.protocol import Py4JError
from pyspark.sql import SparkSession

from delivery.pacing.driver.coordinator import Coordinator
from delivery.pacing.driver.progress import Progress
from delivery.partition import deliver
from delivery.request import events_per_request
from delivery.sending.report import PartitionReport
from delivery.task import CoordinatorAddress, DeliveryTask
from jobs.account.closed_account import Sent, Staged
from jobs.account.exit_status import TRIAL_IS_OVER
from jobs.control.steering import Steering
from jobs.prepare.preparation import Prepared
from jobs.progress.run_progress import PhaseListener
from jobs.progress.sending_figures import SendingMeter
from jobs.progress.spark_phases import SEND, begin
from jobs.spark.spark_failures import SparkFailure, SparkGone, is_gone
from jobs.steps.sending_result import Receipts, sent_in_all
from jobs.steps.staged_files import StagedFile, first_events, longest_first
from jobs.stop_signals import StopSignals

SETTLE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Sending:
    """The sending of one execution of a run: its staged files, under a token that no other execution has.

    `files` hold at most `prepared.first` events; `is_trial`: whether the stage has more. `minimum_requests`: how
    many requests that takes, 0 if it is not known; `accepts`: whether earlier runs delivered events of the same load.
    """

    prepared: Prepared
    files: tuple[StagedFile, ...]
    execution: str
    is_trial: bool = False
    minimum_requests: int = 0
    accepts: bool = False

    @classmethod
    def of(cls, prepared: Prepared, files: tuple[StagedFile, ...], execution: str, staged: Staged) -> Self:
        """Send what is staged, or as much of it as `--first` says."""
        first, min_requests, accepts = prepared.first, staged.minimum_requests, staged.already_delivered > 0
        if first is None or sum(file.rows for file in files) <= first:
            return cls(prepared, files, execution, minimum_requests=min_requests, accepts=accepts)
        min_requests = min(min_requests, -(-first // events_per_request()))
        return cls(prepared, first_events(files, first), execution, True, min_requests, accepts)

    @property
    def to_send(self) -> int:
        """Return the number of events to send."""
        return sum(file.rows for file in self.files)

    def meter(self, read_progress: Callable[[], Progress], limit: float) -> SendingMeter:
        """Return what shows how the sending moves. How many requests a trial takes is not known: only a bound is."""
        known = 0 if self.is_trial else self.minimum_requests
        return SendingMeter(read_progress, self.to_send, limit, known)

    def receipts(self) -> Receipts:
        """Return the partitions' records of this execution, and how many there can be."""
        run = self.prepared.run
        tracking_id = self.prepared.settings.personalize.tracking_id
        return Receipts(run.output, tracking_id, run.run_id, self.execution, self.to_send)

    def tasks(self, coordinator: CoordinatorAddress) -> list[DeliveryTask]:
        """Return one task per file; if the coordinator is out of reach, their fallback rates add up to the limit."""
        prepared, settings = self.prepared, self.prepared.settings
        return [
            DeliveryTask(
                partition=number,
                stage_url=file.url,
                output_url=prepared.run.output,
                run_id=prepared.run.run_id,
                execution=self.execution,
                tracking_id=settings.personalize.tracking_id,
                region=prepared.service.region,
                endpoint_url=prepared.service.endpoint_url,
                max_attempts=settings.delivery.max_attempts,
                coordinator=coordinator,
                fallback_rate=settings.delivery.max_requests_per_second / len(self.files),
                events=file.rows,
            )
            for number, file in enumerate(longest_first(self.files))
        ]


def send(
    spark: SparkSession, sending: Sending, signals: StopSignals, phases: PhaseListener, steering: Steering
) -> Sent:
    """Send every staged file and account for it. Returns normally for any end of sending.

    Delivered and dead-lettered events are counted from the receipts that the partitions wrote, so that the
    account is right when a task's own report is lost with its executor.
    """
    if not sending.files:
        return Sent()
    host = spark.sparkContext.getConf().get("spark.driver.host", "127.0.0.1")
    limit = sending.prepared.settings.delivery.max_requests_per_second
    with Coordinator(
        host=host,
        limit=limit,
        requests=sending.minimum_requests,
        partitions=len(sending.files),
        accepts=sending.accepts,
    ) as coordinator:
        steering.steer(coordinator)
        with signals.routed_to(coordinator.stop):
            begin(phases, spark.sparkContext, SEND, sending.meter(coordinator.snapshot, limit))
            reports, failure = _run_tasks(spark, sending.tasks(coordinator.address))
            if failure is not None:
                _stop_the_rest(coordinator, failure)
        progress = coordinator.snapshot()
    sent = sent_in_all(sending.receipts(), reports, progress, failure)
    return replace(sent, stop_reason=sent.stop_reason or TRIAL_IS_OVER) if sending.is_trial else sent


def _run_tasks(spark: SparkSession, tasks: list[DeliveryTask]) -> tuple[list[PartitionReport], str | None]:
    """Run the one action that sends. Never a second one on the same plan: it would send everything again."""
    try:
        return spark.sparkContext.parallelize(tasks, len(tasks)).mapPartitions(deliver).collect(), None
    except (*SparkFailure, *SparkGone, Py4JError) as error:
        lost = "Spark lost a sending task more often than it retries"
        gone = is_gone(error, spark.sparkContext)
        return [], "Spark's own process ended while events were being sent" if gone else lost


def _stop_the_rest(coordinator: Coordinator, reason: str) -> None:
    """Have the tasks that still run settle what is in flight and write it down before receipts are added up."""
    coordinator.stop(reason)
    until = time.monotonic() + SETTLE_SECONDS
    while coordinator.snapshot().partitions and time.monotonic() < until:
        time.sleep(SETTLE_SECONDS / 100)
