"""Many files on a slow store: the requests of a run, and the driver's memory.

    python -m benchmarks.many_files [--files 100000] [--days 3000] [--whole 6000] [--latency-ms 30]

Plans one day out of all, the same day alone, and a whole history of `--whole` files, each as a process of
its own; the store is generated in this one. Counts apply to other machines, seconds do not.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Event, Thread

import psutil
import pyarrow.parquet as pq

from benchmarks.made_up_bucket import MadeUpBucket
from standin.process import StandinProcess
from tests.whole_job.harness import Ended, Job, interactions, start_process

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
    out = io.BytesIO()
    pq.write_table(interactions([{"TIMESTAMP": 1_760_000_000 + number} for number in range(10)]), out)
    return out.getvalue()


def _plan(name: str, bucket: MadeUpBucket, folder: Path, day: str | None) -> None:
    with StandinProcess(record=folder / "record") as standin:
        job = Job(folder / "job", standin)
        job.settings["source"] = {"path": "s3://lake/logs/"}
        if day is not None:
            job.settings["source"]["filter"] = f"day = '{day}'"
        began = time.monotonic()
        process = start_process(job, "run-1", "--plan", environ=bucket.environment)
        peaks = _watched(process)
        seconds = time.monotonic() - began
        ended = Ended(process.returncode, job.output, "run-1", "")
        if process.returncode:
            raise SystemExit(f"{name}: exit code {process.returncode}")
        summary = ended.summary
    counts = ", ".join(f"{what} {count:,}" for what, count in bucket.counts.most_common())
    print(f"{name}: {summary['source']['files']:,} files looked at, {summary['rows_read']:,} rows read")
    print(f"  {bucket.counts.total():,} requests ({counts}), {seconds:.0f} s in all")
    print(f"  driver's peak: Python {peaks[0]:,.0f} MB, JVM {peaks[1]:,.0f} MB", flush=True)


def _watched(process: subprocess.Popen[str]) -> tuple[float, float]:
    """Wait for the process; return its own peak and its JVM's, in MB."""
    done = Event()
    peaks = [0.0, 0.0]
    watch = Thread(target=_watch, args=(psutil.Process(process.pid), done, peaks))
    watch.start()
    _, error = process.communicate()
    done.set()
    watch.join()
    if process.returncode:
        print(error[-2000:], file=sys.stderr)
    return peaks[0], peaks[1]


def _watch(process: psutil.Process, done: Event, peaks: list[float]) -> None:
    while not done.wait(0.1):
        try:
            peaks[0] = max(peaks[0], process.memory_info().rss / 1e6)
            children = process.children(recursive=True)
            jvm = sum(each.memory_info().rss for each in children if each.name() == "java")
            peaks[1] = max(peaks[1], jvm / 1e6)
        except psutil.Error:
            continue


if __name__ == "__main__":
    main()
