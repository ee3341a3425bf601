"""The limit of a whole job, as the service counts it by its own clock: real partitions, real coordinator, real pacers.

How much of the limit is used depends on the machine: a slot that a busy one misses is lost. That half of the promise
is held on a simulated clock (`tests/delivery/pacing/driver/test_budget.py`); `benchmarks/limit_held.py` measures it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from demo.agreement import max_in_a_second
from standin.process import StandinProcess
from tests.whole_job.harness import Job, full_sessions, interactions, run_here

pytestmark = [pytest.mark.spark, pytest.mark.job]

LIMIT = 50
SESSIONS = 300


def test_two_partitions_keep_to_the_limit_in_every_second_retries_included(
    spark: SparkSession, tmp_path: Path
) -> None:
    assert spark.sparkContext.defaultParallelism == 2
    with StandinProcess(faults={"500": 0.05, "reset-before": 0.02}, seed=5) as standin:
        job = Job(tmp_path, standin)
        job.write_source(interactions(full_sessions(SESSIONS)))
        job.settings["delivery"] = {"max_requests_per_second": LIMIT, "max_attempts": 20}
        summary = run_here(job, spark).summary
        seen = standin.stop()
    assert seen["requests"] == summary["request_attempts"] > SESSIONS, "there must be retries"
    # On a busy machine the senders pause as the stand-in does.
    assert seen["busiest_second"] <= max_in_a_second(LIMIT, 2 * seen["longest_stall_seconds"])
    assert seen["requests"] - 1 <= LIMIT * (seen["last_request_at"] - seen["first_request_at"])
