"""The cost of shaping, checking, Great Expectations and staging together, against one bare aggregation of the rules.

    python -m benchmarks.checking_ratio [--rows 2000000] [--rounds 3] [--folder build/checking_ratio]

Both work on the same rows of the demo shop's history in one Spark, in turn, after a warm-up of each. The
bare one counts the rows that break each rule, predicate by predicate, over the shaped events. The whole one
is what the job does before it sends: it reads, shapes, checks, judges, writes rejected rows and stages the
rest. Goal: at most 2.5 times.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from benchmarks.prepared import prepared_history
from benchmarks.usage import timed
from expectations.compiler import compile_suites
from jobs.prepare.preparation import PreparedLoad
from jobs.progress.lines import ProgressLines
from jobs.progress.run_progress import RunProgress
from jobs.spark.spark_session import started_spark
from jobs.steps.checking import check
from jobs.steps.source_reading import read_source
from transforms import events

GOAL = 2.5


def main() -> None:
    """Generate the rows unless they exist, time both in turn, and fail where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("build/checking_ratio"))
    asked = parser.parse_args()
    prepared = prepared_history(asked.folder, asked.rows)
    with started_spark() as spark:
        bare, whole = _bare(spark, prepared), lambda: _whole(spark, prepared)
        rounds = [(timed(bare)[0].seconds, timed(whole)[0].seconds) for _ in range(asked.rounds + 1)][1:]
    for one, other in rounds:
        print(f"bare {one:6.1f} s   whole {other:6.1f} s   ratio {other / one:5.2f}")
    ratio = statistics.median(other / one for one, other in rounds)
    print(f"median ratio {ratio:.2f} over {asked.rows:,} rows; goal {GOAL}")
    if ratio > GOAL:
        raise SystemExit(1)


def _bare(spark: SparkSession, prepared: PreparedLoad) -> Callable[[], object]:
    """Return an aggregation of the same predicates over the same shaped rows, as one would write it by hand."""
    settings = prepared.settings
    shaped = events.shape(
        read_source(spark, prepared).rows,
        settings.mapping,
        prepared.properties,
        settings.session,
        partitions=spark.sparkContext.defaultParallelism,
    )
    rules = compile_suites(shaped, prepared.service_suite)
    counts = [
        F.count(F.when(rule, 1)).alias(f"rule_{number}") for number, rule in enumerate(rules.predicates)
    ]
    # A new frame each time: Spark would answer the same one from the shuffle files of its first execution.
    return lambda: shaped.agg(F.count(F.lit(1)).alias("rows"), *counts).collect()


def _whole(spark: SparkSession, prepared: PreparedLoad) -> None:
    prepared.run.folder().delete_all()
    check(spark, RunProgress(ProgressLines()), prepared)


if __name__ == "__main__":
    main()
