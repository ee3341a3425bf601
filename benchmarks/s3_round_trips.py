"""S3 requests and seconds of a whole job under AWS's own names, with a latency for each request.

    python -m benchmarks.s3_round_trips [--rows 1000000] [--files 200] [--latency-ms 30] [--limit 1000]

The job is a process of its own; S3 is the tests' own (`tests/aws`), in this process and on the same cores,
so that the counts apply to other machines and the seconds do not. Needs root, as the tests there do.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from demo.demonstration import MAPPING
from demo.history import generate
from tests.aws.log import Entry
from tests.aws.world import AwsWorld
from tests.whole_job.aws_shop import CONF, LOGS, OUT, REGIONS, Shop

_REGION = "eu-west-1"
_SCHEMA = Path("conf/interactions.avsc")
_PLACES = (
    (rf"^/(?:{LOGS}/)?logs\b", "source"),
    (r"/stage\b", "stage"),
    (r"/rejected\b", "rejected"),
    (r"/dead_letters\b", "dead letters"),
    (r"/ledger\b", "ledger"),
    (r"/_leases\b", "leases"),
    (r"/runs/[^/]+/(?:summary|report|validation|data_docs|error)", "summary and report"),
    (r"^/(?:shop-conf/)?conf\b", "configuration"),
)


def main() -> None:
    """Fill the source, run the job twice, the first time with a cold cache, and print the requests of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--latency-ms", type=float, default=30.0)
    parser.add_argument("--limit", type=float, default=1000.0, help="PutEvents requests per second")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, AwsWorld(Path(folder)) as aws:
        shop = Shop.open(aws, REGIONS)
        _fill(aws, Path(folder) / "rows", asked.rows, asked.files)
        aws.events(_REGION)
        aws.s3.latency = asked.latency_ms / 1000
        for name in ("first", "again"):
            _run(shop, name, asked.limit)


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


def _run(shop: Shop, name: str, limit: float) -> None:
    shop.configure(
        name,
        mapping=MAPPING,
        delivery={"max_requests_per_second": limit},
        output={"path": f"s3://{OUT}/backfill/"},
    )
    before = len(shop.aws.requests)
    ended = shop.run(name, {**shop.aws.user(), "AWS_REGION": _REGION}, run_id=name)
    if ended.returncode:
        raise SystemExit(ended.stderr)
    summary = json.loads(shop.aws.get(OUT, f"backfill/runs/{name}/summary.json"))
    entries = [entry for entry in shop.aws.requests[before:] if entry.service == "s3"]
    print(f"\n{name}: {summary['rows_read']} rows, {summary['events_delivered']} events delivered")
    _print_seconds(summary)
    _print_requests(entries)


def _print_seconds(summary: dict[str, str]) -> None:
    names = ("started_at", "sending_started_at", "sending_finished_at", "finished_at")
    times = [datetime.fromisoformat(summary[key]) for key in names if summary.get(key)]
    steps = ("to the first request", "sending", "closing") if len(times) == len(names) else ("in all",)
    for step, start, end in zip(steps, times, times[1:], strict=False):
        print(f"  {step:22}{(end - start).total_seconds():8.1f} s")


def _print_requests(entries: Iterable[Entry]) -> None:
    counts: dict[str, Counter[str]] = {}
    for entry in entries:
        counts.setdefault(_place(entry.path), Counter())[entry.operation] += 1
    for place, operations in sorted(counts.items(), key=lambda item: -item[1].total()):
        by_operation = ", ".join(f"{operation} {count}" for operation, count in operations.most_common())
        print(f"  {place:22}{operations.total():8}  {by_operation}")
    print(f"  {'in all':22}{sum(each.total() for each in counts.values()):8}")


def _place(path: str) -> str:
    return next((place for pattern, place in _PLACES if re.search(pattern, path)), "folders")


if __name__ == "__main__":
    main()
