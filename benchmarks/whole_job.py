"""What the whole job costs as the rows grow: time, CPU, memory and bytes staged, next to each other.

    python -m benchmarks.whole_job [--rows 100000 1000000 10000000] [--folder build/whole_job]

Each size is a job in a process of its own, Spark included, over the demo shop's history, sent to a server on the same
cores that answers at once and checks nothing, at a limit so high that it does not bind. The ledger is empty at first.
The last lines say for each figure how many times it grew from one size to the next, and mark those that grew faster
than the rows. The histories stay in the folder for the next time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import yaml

from benchmarks.answering_server import answering
from benchmarks.prepared import history
from benchmarks.usage import DRIVER, JVM, WORKERS, Usage
from demo.demonstration import job_settings

LIMIT = 1_000_000
_SECONDS = 0.5
# A figure may grow this many times as fast as the rows before it is marked.
_ROOM = 1.1


def main() -> None:
    """Run every size, and print the table and the growth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--folder", type=Path, default=Path("build/whole_job"))
    asked = parser.parse_args()
    found = {}
    for rows in asked.rows:
        found[rows] = measured(asked.folder, rows)
        print(
            f"{rows:,} rows: " + ", ".join(f"{name} {value:,.1f}" for name, value in found[rows].items()),
            flush=True,
        )
    for (less, before), (more, after) in pairwise(found.items()):
        print(f"from {less:,} to {more:,} rows, {more / less:g} times:")
        for name, value in after.items():
            growth = value / before[name] if before[name] else 0.0
            print(
                f"  {name:34}{growth:8.2f} times{'   FASTER THAN THE ROWS' * (growth > _ROOM * more / less)}"
            )


def measured(folder: Path, rows: int) -> dict[str, float]:
    """Run the job once; return its figures by name."""
    logs, output = history(folder, rows), folder / "output"
    shutil.rmtree(output, ignore_errors=True)
    with answering(delay=0) as url:
        settings = job_settings(logs, output, url)
        settings["delivery"] = {"max_requests_per_second": LIMIT}
        config = folder / "job.yaml"
        config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        return run(config, output, folder / f"{rows}.log")


def run(config: Path, output: Path, log: Path) -> dict[str, float]:
    """Run the job and watch it."""
    keys = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    began = time.time()
    with log.open("w") as lines:
        job = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "jobs.put_events", f"--config={config}", "--run-id=one"],
            env={**os.environ, **keys},
            stderr=lines,
        )
        with Usage(job.pid) as usage, Stage(output / "runs" / "one" / "stage") as stage:
            job.wait()
    if job.returncode:
        raise SystemExit(log.read_text())
    summary = json.loads((output / "runs" / "one" / "summary.json").read_text())
    sending, sent = (
        datetime.fromisoformat(summary[f"sending_{at}_at"]).timestamp() for at in ("started", "finished")
    )
    return {
        "wall s": time.time() - began,
        "wall until sending s": sending - began,
        "wall of sending s": sent - sending,
        "requests": summary["requests_delivered"],
        "CPU of driver's Python s": usage.cpu[DRIVER],
        "CPU of JVM s": usage.cpu[JVM],
        "CPU of workers s": usage.cpu[WORKERS],
        "peak of driver's Python MB": usage.peak[DRIVER] / 1e6,
        "peak of JVM MB": usage.peak[JVM] / 1e6,
        "peak of workers MB": usage.peak[WORKERS] / 1e6,
        "staged MB": stage.bytes / 1e6,
        "ledger MB": size_of(output / "ledger") / 1e6,
        "ledger files": len(list((output / "ledger").rglob("*.parquet"))),
    }


class Stage:
    """The size of the stage at its largest, in bytes: the job deletes it at its end."""

    def __init__(self, folder: Path) -> None:
        self.bytes = 0
        self._folder = folder
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Stage:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_SECONDS):
            self.bytes = max(self.bytes, size_of(self._folder))


def size_of(folder: Path) -> int:
    """Return the bytes of the Parquet files below `folder`; a file that is deleted during the count is left out."""
    total = 0
    for path in folder.rglob("*.parquet"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


if __name__ == "__main__":
    main()
