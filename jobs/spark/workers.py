"""Prepare the executors for sending while the driver still plans."""

from __future__ import annotations

from contextlib import suppress
from threading import Thread

from py4j.protocol import Py4JError
from pyspark.sql import SparkSession

import core
import delivery
from delivery.partition import deliver
from jobs.progress.spark_phases import PREPARE_WORKERS
from jobs.spark.code_shipping import ship_code
from jobs.spark.spark_failures import SparkFailure, SparkGone


def prepare_workers(spark: SparkSession) -> None:
    """Ship the sender's code to the executors, and have their Python workers import it in the background.

    The driver plans for seconds while the executors have nothing to do. Workers wait for a minute (Spark's
    `IDLE_WORKER_TIMEOUT_MS`): a longer stage ends them, and loses nothing but the head start.
    """
    ship_code(spark, core, delivery)
    Thread(target=_deliver_nothing, args=(spark,), name="prepare-workers", daemon=True).start()


def _deliver_nothing(spark: SparkSession) -> None:
    context = spark.sparkContext
    # An error here occurs again, and is reported, when there is something to send.
    with suppress(*SparkFailure, *SparkGone, Py4JError, RuntimeError):
        context.setJobDescription(PREPARE_WORKERS)
        context.parallelize([], context.defaultParallelism).mapPartitions(deliver).collect()
