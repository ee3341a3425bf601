"""S3 requests and seconds of a whole job by phase, under AWS's own names, with a latency for each request.

    python -m benchmarks.s3.round_trips [--rows 1000000] [--files 200] [--small-rows 100000] [--small-files 50]
                                        [--latency-ms 30] [--limit 1000] [--partitions 16] [--seconds 90]
                                        [--only growth|hour] [--once]

Runs a small job and a large one, each twice or `--once`, and compares their requests; then a job of `--partitions`
that sends for about `--seconds`, from which it computes an hour. Fails if a phase other than the data itself, and those
that go by time and by processes, asks more for each object in the large job than in the small one.

The job is a process of its own; S3 is the tests' own (`tests/aws`), in this process and on the same cores,
so that the counts apply to other machines and the seconds do not. Needs root, as the tests there do.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from benchmarks.s3.phases import BY_PROCESS, BY_RECEIPTS, BY_TIME, DATA, Phase, Sending, phases
from demo.demonstration import MAPPING
from demo.history import generate
from tests.aws.world import AwsWorld
from tests.whole_job.on_aws.shop import CONF, LOGS, OUT, REGIONS, Shop

_REGION = "eu-west-1"
_SCHEMA = Path("conf/interactions.avsc")
_HOUR = 3600.0
_JOB_SECONDS = 1800.0
_EVENTS_PER_REQUEST = 5.5
"""About what the made-up shop's sessions fill."""
_MAY_GROW = 1.1
"""How much the requests for each object may grow: a constant number is spread over more or fewer objects."""


@dataclass(frozen=True)
class Run:
    """One run: its account, and its phases by name."""

    summary: dict[str, str]
    phases: dict[str, Phase]

    def seconds(self, *, to: str, since: str) -> float:
        """Return the seconds between two of the summary's times."""
        return (_time(self.summary[to]) - _time(self.summary[since])).total_seconds()

    @property
    def sending_seconds(self) -> float:
        """Return how long it sent."""
        return self.seconds(to="sending_finished_at", since="sending_started_at")


def main() -> None:
    """Run the jobs, print each one's phases, the growth and the hour; exit 1 if a phase grows too fast."""
    asked = _arguments()
    too_fast = _growth(asked) if asked.only != "hour" else []
    if asked.only != "growth":
        _print_hour(asked)
    if too_fast:
        sys.exit(f"more requests for each object in the larger job: {', '.join(too_fast)}")


def _growth(asked: argparse.Namespace) -> list[str]:
    two = {"SPARK_MASTER": "local[2]"}
    small = _first("small", asked.small_rows, asked.small_files, asked, two)
    large = _first("large", asked.rows, asked.files, asked, two)
    return _print_growth(small, large)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--small-rows", type=int, default=100_000)
    parser.add_argument("--small-files", type=int, default=50)
    parser.add_argument("--latency-ms", type=float, default=30.0)
    parser.add_argument("--limit", type=float, default=1000.0, help="PutEvents requests per second")
    parser.add_argument(
        "--partitions", type=int, default=16, help="of the job from which an hour is computed"
    )
    parser.add_argument("--seconds", type=float, default=90.0, help="how long that job sends")
    parser.add_argument("--once", action="store_true", help="don't run each job a second time")
    parser.add_argument("--only", choices=("growth", "hour"))
    return parser.parse_args()


def _first(name: str, rows: int, files: int, asked: argparse.Namespace, environ: Mapping[str, str]) -> Run:
    """Run a job of this size, and again; return the first run."""
    with tempfile.TemporaryDirectory() as folder, AwsWorld(Path(folder)) as aws:
        shop = _shop(aws, Path(folder), rows, files, asked.latency_ms)
        first = _run(shop, "first", asked.limit, environ)
        _print_run(f"{name}: {rows:,} rows in {files} files", first)
        if not asked.once:
            _print_run(f"{name}, the same again", _run(shop, "again", asked.limit, environ))
    return first


def _shop(aws: AwsWorld, folder: Path, rows: int, files: int, latency_ms: float) -> Shop:
    shop = Shop.open(aws, REGIONS)
    _fill(aws, folder / "rows", rows, files)
    aws.events(_REGION)
    aws.s3.latency = latency_ms / 1000
    return shop


def _fill(aws: AwsWorld, folder: Path, rows: int, files: int) -> None:
    generate(folder, events=rows)
    table = ds.dataset(folder).to_table()
    for key in aws.keys(LOGS, "logs/"):
        aws.s3.store.delete(LOGS, key)
    aws.put(CONF, "conf/interactions.avsc", _SCHEMA.read_text())
    size = -(-table.num_rows // files)
    for number in range(files):
        aws.put(LOGS, f"logs/part-{number:05}.parquet", _parquet(table.slice(number * size, size)))


def _parquet(table: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def _run(shop: Shop, name: str, limit: float, environ: Mapping[str, str]) -> Run:
    shop.configure(
        name,
        mapping=MAPPING,
        delivery={"max_requests_per_second": limit},
        output={"path": f"s3://{OUT}/backfill/"},
    )
    before = len(shop.aws.requests)
    usual = {**shop.aws.user(), "AWS_REGION": _REGION, "SPARK_SUBMIT_OPTS": ""}
    ended = shop.run(name, {**usual, **environ}, run_id=name, timeout=_JOB_SECONDS)
    if ended.returncode:
        raise SystemExit(ended.stderr)
    summary = json.loads(shop.aws.get(OUT, f"backfill/runs/{name}/summary.json"))
    entries = [entry for entry in shop.aws.requests[before:] if entry.service == "s3"]
    return Run(summary, phases(entries, _sending(summary)))


def _sending(summary: Mapping[str, str]) -> Sending:
    """Return when the run sent, on the entries' clock; a run that sent nothing did so when it ended."""
    offset = time.time() - time.monotonic()
    began, ended = (
        _time(summary.get(key) or summary["finished_at"]).timestamp() - offset
        for key in ("sending_started_at", "sending_finished_at")
    )
    return Sending(began, ended)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _print_run(title: str, run: Run) -> None:
    print(f"\n{title}: {run.summary['rows_read']} rows, {run.summary['events_delivered']} events delivered")
    times = ("started_at", "sending_started_at", "sending_finished_at", "finished_at")
    if run.summary["sending_started_at"]:
        for what, since, to in zip(
            ("to the first request", "sending", "closing"), times, times[1:], strict=False
        ):
            print(f"  {what:22}{run.seconds(to=to, since=since):8.1f} s")
    else:
        print(f"  {'in all':22}{run.seconds(to=times[-1], since=times[0]):8.1f} s")
    print(f"  {'phase':20}{'requests':>9}{'objects':>9}{'for each':>9}{'seconds':>9}")
    for phase in run.phases.values():
        by_operation = ", ".join(f"{name} {count}" for name, count in phase.operations.most_common())
        figures = f"{phase.requests:9}{phase.objects:9}{phase.per_object:9.1f}{phase.seconds:9.1f}"
        print(f"  {phase.name:20}{figures}  {by_operation}")
    print(f"  {'in all':20}{sum(each.requests for each in run.phases.values()):9}", flush=True)


def _print_growth(small: Run, large: Run) -> list[str]:
    """Print how each phase grew; return those that make more requests for each object than in the small job."""
    print(f"\n{'large against small':22}{'requests':>9}{'objects':>9}")
    too_fast = []
    for name, phase in large.phases.items():
        if name not in small.phases:
            continue
        before = small.phases[name]
        requests, objects = phase.requests / before.requests, phase.objects / max(1, before.objects)
        fails = name not in DATA | BY_TIME | BY_PROCESS and requests > max(1.0, objects) * _MAY_GROW
        too_fast += [name] if fails else []
        print(f"  {name:20}{requests:9.2f}{objects:9.2f}{'  too fast' if fails else ''}")
    return too_fast


def _print_hour(asked: argparse.Namespace) -> None:
    """Run a job of `--partitions` for a while, and print how many requests an hour of it makes."""
    rows = asked.small_rows
    limit = max(1.0, rows / _EVENTS_PER_REQUEST / asked.seconds)
    with tempfile.TemporaryDirectory() as folder, AwsWorld(Path(folder)) as aws:
        shop = _shop(aws, Path(folder), rows, asked.small_files, asked.latency_ms)
        run = _run(shop, "hour", limit, {"SPARK_MASTER": f"local[{asked.partitions}]"})
    _print_run(f"{asked.partitions} partitions", run)
    print(f"\nan hour of sending with {asked.partitions} partitions, from {run.sending_seconds:.0f} s:")
    hour = {phase.name: _in_an_hour(phase, run) for phase in run.phases.values()}
    for name, requests in {**hour, "in all": sum(hour.values())}.items():
        print(f"  {name:20}{requests:9}", flush=True)


def _in_an_hour(phase: Phase, run: Run) -> int:
    """Return the requests of a run that sends for an hour: more receipts, and more of a lease's renewals."""
    if phase.name in BY_RECEIPTS:
        return round(phase.objects * (_HOUR / run.sending_seconds - 1)) + phase.requests
    if phase.name in BY_TIME:
        before = run.seconds(to="finished_at", since="started_at")
        return round(phase.requests * (_HOUR + before - run.sending_seconds) / before)
    return phase.requests


if __name__ == "__main__":
    main()
