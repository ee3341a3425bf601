"""Many files on a slow store: the requests of a run, and the driver's memory.

    python -m benchmarks.s3.many_files [--files 100000] [--days 3000] [--whole 6000] [--latency-ms 30]

Plans one day out of all, the same day alone, and a whole history of `--whole` files, each as a process of
its own; the store is generated in this one. Counts apply to other machines, seconds do not.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.s3.made_up_bucket import MadeUpBucket
from benchmarks.usage import DRIVER, JVM, Usage
from standin.process import StandinProcess
from tests.whole_job.harness import Ended, Job, interactions_file, start_process

_DAY = "2019-05-05"


def main() -> None:
    """Run the three plans and print requests, seconds and the peak of the driver's memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=3_000)
    parser.add_argument("--whole", type=int, default=6_000)
    parser.add_argument("--latency-ms", type=float, default=30.0)
    asked = parser.parse_args()
    latency = asked.latency_ms / 1000
    content = _content()
    one_day = -(-asked.files // asked.days)
    for name, files, days, day in (
        (f"one day out of {asked.days:,}, {asked.files:,} files", asked.files, asked.days, _DAY),
        (f"a log of that day alone, {one_day} files", one_day, 1, "2018-01-01"),
        (f"all days, {asked.whole:,} files", asked.whole, asked.days, None),
    ):
        with MadeUpBucket(content, files, days, latency) as bucket, tempfile.TemporaryDirectory() as folder:
            _plan(name, bucket, Path(folder), day)


def _content() -> bytes:
    """Make one file of ten rows."""
    return interactions_file([{"TIMESTAMP": 1_760_000_000 + number} for number in range(10)])


def _plan(name: str, bucket: MadeUpBucket, folder: Path, day: str | None) -> None:
    with StandinProcess(record=folder / "record") as standin:
        job = Job(folder / "job", standin)
        job.settings["source"] = {"path": "s3://lake/logs/"}
        if day is not None:
            job.settings["source"]["filter"] = f"day = '{day}'"
        began = time.monotonic()
        process = start_process(job, "run-1", "--plan", environ=bucket.environment)
        with Usage(process.pid) as usage:
            _, error = process.communicate()
        seconds = time.monotonic() - began
        ended = Ended(process.returncode, job.output, "run-1", "")
        if process.returncode:
            raise SystemExit(f"{name}: exit code {process.returncode}\n{error[-2000:]}")
        summary = ended.summary
    counts = ", ".join(f"{what} {count:,}" for what, count in bucket.counts.most_common())
    print(f"{name}: {summary['source']['files']:,} files looked at, {summary['rows_read']:,} rows read")
    print(f"  {bucket.counts.total():,} requests ({counts}), {seconds:.0f} s in all")
    python, jvm = (usage.peak[kind] / 1e6 for kind in (DRIVER, JVM))
    print(f"  driver's peak: Python {python:,.0f} MB, JVM {jvm:,.0f} MB", flush=True)


if __name__ == "__main__":
    main()
