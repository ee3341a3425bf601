"""Prepare the executors for sending while the driver's session still starts."""

from __future__ import annotations

from contextlib import suppress
from threading import Thread

from py4j.protocol import Py4JError
from pyspark import SparkContext

import core
import delivery
from delivery.partition import deliver
from jobs.progress.spark_phases import PREPARE_WORKERS
from jobs.spark.code_shipping import ship_code
from jobs.spark.spark_failures import SparkFailure, SparkGone


def ship_sender(context: SparkContext) -> None:
    """Ship to the executors what sends and what reads the records of sending, as the sorting of the ledger does."""
    ship_code(context, core, delivery)


def prepare_workers(context: SparkContext) -> None:
    """Ship the sender's code to the executors, and have their Python workers import it in the background.

    The executors have nothing to do while the driver's session starts and plans, for seconds. It is for those that are
    there at once: one that comes later imports when it sends. Workers wait for a minute (Spark's
    `IDLE_WORKER_TIMEOUT_MS`): a longer stage ends them, and loses nothing but the head start.
    """
    ship_sender(context)
    Thread(target=_deliver_nothing, args=(context,), name="prepare-workers", daemon=True).start()


def _deliver_nothing(context: SparkContext) -> None:
    # An error here occurs again, and is reported, when there is something to send.
    with suppress(*SparkFailure, *SparkGone, Py4JError, RuntimeError):
        context.setJobDescription(PREPARE_WORKERS)
        context.parallelize([], context.defaultParallelism).mapPartitions(deliver).collect()
