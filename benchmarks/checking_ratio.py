"""The cost of shaping, checking, Great Expectations and staging together, against one bare aggregation of the rules.

    python -m benchmarks.checking_ratio [--rows 2000000] [--rounds 3] [--folder build/checking_ratio]

Both work on the same rows of the demo shop's history in one Spark, in turn, after a warm-up of each. The
bare one counts the rows that break each rule, predicate by predicate, over the shaped events. The whole one
is what the job does before it sends: it reads, shapes, checks, judges, writes rejected rows and stages the
rest. Goal: at most 2.5 times.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from demo.demonstration import job_settings
from demo.history import generate
from expectations.compiler import compile_suites
from jobs.command_line.command import Command
from jobs.prepare.preparation import Preparation, prepare, read_settings
from jobs.progress.lines import ProgressLines
from jobs.progress.run_progress import RunProgress
from jobs.runs.run_folder import RunFolder
from jobs.spark.spark_session import started_spark
from jobs.steps.checking import check
from jobs.steps.source_reading import read_source
from transforms import events

BEGUN_AT = datetime(2099, 12, 30, 23, 59, 59, tzinfo=UTC)
"""So late that no row with a plausible time is ahead of it."""
NOT_THERE = "http://127.0.0.1:9"
GOAL = 2.5


def main() -> None:
    """Generate the rows unless they exist, then time both in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("build/checking_ratio"))
    asked = parser.parse_args()
    # A plan needs no credentials; the lengths of sessions, which only a plan computes, are no part of a
    # load.
    preparation = replace(prepared(asked.folder, asked.rows), plan_only=False)
    with started_spark() as spark:
        bare, whole = _bare(spark, preparation), lambda: _whole(spark, preparation)
        rounds = [(_seconds(bare), _seconds(whole)) for _ in range(asked.rounds + 1)][1:]
    for one, other in rounds:
        print(f"bare {one:6.1f} s   whole {other:6.1f} s   ratio {other / one:5.2f}")
    ratio = statistics.median(other / one for one, other in rounds)
    print(f"median ratio {ratio:.2f} over {asked.rows:,} rows; goal {GOAL}")


def prepared(folder: Path, rows: int) -> Preparation:
    """Return a plan over a generated history of `rows` interactions, as the job prepares it."""
    os.environ.setdefault("AWS_REGION", "eu-west-1")
    logs = folder / f"history-{rows}"
    if not logs.exists():
        generate(logs, events=rows)
    config = folder / "job.yaml"
    settings = job_settings(logs, folder / "output", NOT_THERE)
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    command = Command(config=str(config), plan=True)
    read = read_settings(command)
    return prepare(command, read, RunFolder(read.output.path, "benchmark"), BEGUN_AT)


def _bare(spark: SparkSession, preparation: Preparation) -> Callable[[], object]:
    """Return an aggregation of the same predicates over the same shaped rows, as one would write it by hand."""
    settings = preparation.settings
    shaped = events.shape(
        read_source(spark, preparation).rows,
        settings.mapping,
        preparation.properties,
        settings.session,
        partitions=spark.sparkContext.defaultParallelism,
    )
    rules = compile_suites(shaped, preparation.service_suite)
    counts = [
        F.count(F.when(rule, 1)).alias(f"rule_{number}") for number, rule in enumerate(rules.predicates)
    ]
    # A new frame each time: Spark would answer the same one from the shuffle files of its first execution.
    return lambda: shaped.agg(F.count(F.lit(1)).alias("rows"), *counts).collect()


def _whole(spark: SparkSession, preparation: Preparation) -> None:
    preparation.run.folder().delete_all()
    check(spark, RunProgress(ProgressLines()), preparation)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
