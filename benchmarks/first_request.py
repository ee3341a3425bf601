"""From the command to the first request, against Spark's own start and one scan of the same rows.

    python -m benchmarks.first_request [--rows 1000000] [--rounds 3] [--folder build/first_request]

Both are separate processes, in turn: one starts Spark as PySpark does by itself and reads every column to
nowhere, the other is the job as a user starts it, against the stand-in, which reports when its first
request came. Options that make the job's own start of Spark faster are not set for the scan. Goal: at most
2.5 times.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import yaml

from benchmarks.prepared import history
from demo.demonstration import job_settings
from jobs.spark.local.java import ensure_java
from standin.process import StandinProcess

GOAL = 2.5
REQUESTS = 200
SCAN = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.read.parquet(sys.argv[1]).write.format("noop").mode("overwrite").save()
spark.stop()
"""


def main() -> None:
    """Generate the rows unless they exist, time both in turn, and fail where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("build/first_request"))
    asked = parser.parse_args()
    logs = history(asked.folder, asked.rows)
    ratios = []
    for _ in range(asked.rounds):
        scan, first = _scan(logs), _first_request(asked.folder, logs)
        ratios.append(first / scan)
        print(
            f"start and scan {scan:6.1f} s   first request {first:6.1f} s   ratio {first / scan:5.2f}",
            flush=True,
        )
    ratio = statistics.median(ratios)
    print(f"median ratio {ratio:.2f} over {asked.rows:,} rows; goal {GOAL}")
    if ratio > GOAL:
        raise SystemExit(1)


def _scan(logs: Path) -> float:
    began = time.time()
    subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", SCAN, str(logs)],
        check=True,
        env={**os.environ, **ensure_java(os.environ)},
        stderr=subprocess.DEVNULL,
    )
    return time.time() - began


def _first_request(folder: Path, logs: Path) -> float:
    """Return the seconds to the first request of the job; the stand-in ends soon after, which ends the job."""
    shutil.rmtree(folder / "output", ignore_errors=True)
    with StandinProcess(max_requests=REQUESTS) as standin:
        config = folder / "job.yaml"
        config.write_text(
            yaml.safe_dump(job_settings(logs, folder / "output", standin.url)), encoding="utf-8"
        )
        began = time.time()
        subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "jobs.put_events", f"--config={config}"],
            check=False,
            env={**os.environ, **standin.environment},
            stderr=subprocess.DEVNULL,
        )
        return float(standin.stop()["first_request_at"]) - began


if __name__ == "__main__":
    main()
