"""`personalize-backfill demo`: load a made-up history with the real job into a stand-in, and compare their counts.

Everything stays on this machine and in one folder, `build/demo/` by default. The job runs as a user would
start it, as a process of its own; nothing of it is imported. `jobs.cli.demo` is its command line.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import yaml

from demo.agreement import check_files, check_first_run, check_second_run, table_of
from demo.history import History, generate
from standin.process import StandinProcess

Result = TypeVar("Result")

ROOT = Path(__file__).parent.parent
QUOTA = 1000
"""Requests per second: the default quota of a dataset group, and the limit that the job is given."""

LATENCY_MS = 20
JOB_SECONDS = 300
_MARK = ".personalize-backfill-demo"
RUNS = ("first", "again")
TRACKING_ID = "demo-tracking-id"

MAPPING: Mapping[str, Any] = {
    "userId": "user_id",
    "sessionId": "session_id",
    "eventType": "event_type",
    "itemId": "item_id",
    "sentAt": {"expr": "timestamp", "unit": "seconds"},
    "eventValue": "event_value",
    "impression": "shown_items",
    "recommendationId": "recommendation_id",
    "eventAttributionSource": "event_attribution_source",
    "properties": {"DISCOUNT": "discount"},
}
"""The columns of `demo.history` as events, in the job's configuration."""


SCHEMA = Path(__file__).with_name("interactions.avsc")
"""The shop's Interactions schema, the same as `conf/interactions.avsc`."""


class FolderInUseError(Exception):
    """The folder for the demo contains something else; the text is a sentence that names it."""


class JobFailedError(Exception):
    """The job ended before it wrote a summary; the text is the end of what it printed."""


def job_settings(history: Path, output: Path, url: str) -> dict[str, Any]:
    """Return the job's whole configuration, as its YAML file holds it."""
    return {
        "source": {"path": str(history)},
        "schema": str(SCHEMA),
        "mapping": dict(MAPPING),
        "personalize": {"tracking_id": TRACKING_ID, "region": "eu-west-1", "endpoint_url": url},
        "delivery": {"max_requests_per_second": QUOTA},
        "output": {"path": str(output)},
    }


def run_job(folder: Path, run_id: str, keys: Mapping[str, str]) -> dict[str, Any]:
    """Run `folder/job.yaml` once and return its summary; its output goes to `folder/<run_id>.log`."""
    log = folder / f"{run_id}.log"
    with log.open("w") as output:
        subprocess.run(  # noqa: S603 - our own module, our own arguments
            [
                sys.executable,
                "-m",
                "jobs.put_events",
                f"--config={folder / 'job.yaml'}",
                f"--run-id={run_id}",
            ],
            cwd=folder,
            env=_environment(keys),
            stdout=output,
            stderr=output,
            timeout=JOB_SECONDS,
            check=False,
        )
    summary = folder / "output" / "runs" / run_id / "summary.json"
    if not summary.exists():
        raise JobFailedError("\n".join(log.read_text().splitlines()[-20:]))
    return dict(json.loads(summary.read_text()))


def _environment(keys: Mapping[str, str]) -> dict[str, str]:
    """Return this process's variables without AWS's; the job's code is found where this module is, installed or not."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    path = os.pathsep.join([str(ROOT), *filter(None, [own.get("PYTHONPATH")])])
    return {**own, **keys, "PYTHONPATH": path, "AWS_EC2_METADATA_DISABLED": "true"}


def run_demo(folder: Path, events: int) -> bool:
    """Make the history, run the job twice, compare, print; return whether everything agrees."""
    (folder / _MARK).touch()
    history = _timed(f"making a history of {events:,} events", partial(generate, folder / "history", events))
    print(f"  {history.valid:,} valid, {history.duplicates:,} duplicates, {history.rejected:,} dirty")
    with _service(folder) as standin:
        settings = job_settings(history.folder, folder / "output", standin.url)
        (folder / "job.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
        keys = standin.environment
        jobs = [_timed(f"running the job: {run}", partial(run_job, folder, run, keys)) for run in RUNS]
        service = standin.stop()
    return _compare(folder, history, jobs, service)


def _service(folder: Path) -> StandinProcess:
    return StandinProcess(
        quota=QUOTA,
        latency_ms=LATENCY_MS,
        tracking_id=TRACKING_ID,
        record=folder / "service",
        seconds=3 * JOB_SECONDS,
    )


def _compare(
    folder: Path, truth: History, jobs: Sequence[Mapping[str, Any]], service: Mapping[str, Any]
) -> bool:
    first, again = jobs
    checks = [
        *check_first_run(first, service, truth),
        *check_files(folder / "output", RUNS[0], folder / "service", truth),
        *check_second_run(again, truth),
    ]
    print(f"\n{table_of(checks)}\n\n{_rates(first)}\n\n{_files_of(folder)}")
    return all(check.agrees for check in checks)


def _rates(job: Mapping[str, Any]) -> str:
    rate, limit = job["achieved_requests_per_second"], job["max_requests_per_second"]
    fill = job["events_delivered"] / max(1, job["requests_delivered"])
    return f"{rate:,.1f} requests/s, limit {limit:,}; {fill:.2f} events per request"


def _files_of(folder: Path) -> str:
    files = {
        "the history": folder / "history",
        "the job's configuration": folder / "job.yaml",
        "its report": folder / "output" / "runs" / RUNS[0] / "report.html",
        "its outputs": folder / "output",
        "what the service accepted": folder / "service",
    }
    return "\n".join(f"{what:28}{path}" for what, path in files.items())


def _timed(what: str, work: Callable[[], Result]) -> Result:
    print(f"{what} …", flush=True)
    started = time.monotonic()
    result = work()
    print(f"  {time.monotonic() - started:.1f} s", flush=True)
    return result


def demonstrate(folder: Path, events: int) -> int:
    """Run the demo in `folder`, replacing an earlier demo's; return the exit code, 0 if everything agrees.

    Raises:
        FolderInUseError: the folder contains something other than an earlier demo.
    """
    folder = folder.absolute()
    _clear(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        agrees = run_demo(folder, events)
    except JobFailedError as failed:
        print(f"The job wrote no summary. The end of its log:\n{failed}", file=sys.stderr)
        return 1
    print("\nEverything agrees." if agrees else "\nSomething disagrees: see above.")
    return 0 if agrees else 1


def _clear(folder: Path) -> None:
    """Delete an earlier demo; never delete anything else."""
    if not folder.exists():
        return
    if folder.is_dir() and (folder / _MARK).exists():
        shutil.rmtree(folder)
    elif not folder.is_dir() or any(folder.iterdir()):
        raise FolderInUseError(f"{folder} can't be used: it contains something other than an earlier demo.")
