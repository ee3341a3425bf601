"""Fuzzed rows through shape and check, row by row against an independent judge of the service's rules.

    python -m benchmarks.fuzzed_rows [--rows 1000000] [--seed 1] [--folder build/fuzzed_rows]

Each row takes some of its columns from the edges of what the service allows (`edge_rows`). What the job stages is
packed as the sender packs it and judged request by request; each row is also turned into an event the obvious way, in
plain Python, and judged alone. Goals: no staged request is refused, no rejected row is allowed, no allowed row is
rejected. Prints the disagreements by the columns that were fuzzed; exits with 1 if there are any.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from benchmarks.edge_rows import SCHEMA, fuzzed_row
from benchmarks.prepared import NOT_THERE, prepared_load
from delivery.packing import StagedEvent, pack
from delivery.request import events_per_request, request_writer
from delivery.sending.stage import read_stage
from demo.demonstration import TRACKING_ID, job_settings
from jobs.prepare.preparation import PreparedLoad
from jobs.progress.lines import ProgressLines
from jobs.progress.run_progress import RunProgress
from jobs.spark.spark_session import started_spark
from jobs.steps.checking import check
from standin.judge import Judge
from standin.refusal import Refusal

CATEGORICAL_CHARACTERS = 1000
"""The maximum characters of a categorical string: Interactions dataset requirements, developer guide."""

_PER_FILE = 100_000


def main() -> int:
    """Make the rows, check them, judge them; return 1 if the job and the judge disagree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("build/fuzzed_rows"))
    asked = parser.parse_args()
    shutil.rmtree(asked.folder, ignore_errors=True)
    expected = write_rows(asked.folder / "rows", asked.rows, random.Random(asked.seed))  # noqa: S311
    prepared = prepared_load(asked.folder, settings_of(asked.folder))
    began = time.perf_counter()
    with started_spark() as spark:
        check(spark, RunProgress(ProgressLines()), prepared)
    print(
        f"{asked.rows:,} rows, seed {asked.seed}: shaped and checked in {time.perf_counter() - began:.0f} s"
    )
    return report(compare(prepared, expected))


def write_rows(folder: Path, rows: int, rng: random.Random) -> dict[str, Fuzzed]:
    """Write `rows` fuzzed rows as Parquet; return by row id what was fuzzed and whether the service would allow it."""
    folder.mkdir(parents=True)
    judge, expected = Judge(TRACKING_ID), {}
    for start in range(0, rows, _PER_FILE):
        made = [fuzzed_row(number, rng) for number in range(start, min(start + _PER_FILE, rows))]
        expected |= {row["row_id"]: Fuzzed(columns, allowed(judge, row)) for row, columns in made}
        table = pa.Table.from_pylist([row for row, _ in made], schema=SCHEMA)
        pq.write_table(table, folder / f"part-{start:09}.parquet")
    return expected


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """The unusual parts of a row, and whether the judge allows its event."""

    columns: tuple[str, ...]
    allowed: bool


def allowed(judge: Judge, row: Mapping[str, Any]) -> bool:
    """Return whether the judge accepts the event that `row` obviously means, alone in a request.

    The dataset's schema, which the judge does not know, requires an item, and bounds a categorical string.
    """
    if row["item_id"] is None or len(row["discount"] or "") > CATEGORICAL_CHARACTERS:
        return False
    try:
        judge.read(json.dumps(_request(row), ensure_ascii=False).encode())
    except Refusal:
        return False
    return True


def _request(row: Mapping[str, Any]) -> dict[str, Any]:
    source = row["event_attribution_source"]
    event = {
        "eventId": row["row_id"],
        "eventType": row["event_type"],
        "itemId": row["item_id"],
        "sentAt": row["timestamp"],
        "eventValue": _present_number(row["event_value"]),
        "impression": row["shown_items"] or None,
        "recommendationId": row["recommendation_id"],
        "metricAttribution": None if source is None else {"eventAttributionSource": source},
        "properties": None if row["discount"] is None else _compact({"discount": row["discount"]}),
    }
    envelope = {"userId": row["user_id"], "sessionId": row["session_id"]}
    return {"trackingId": TRACKING_ID, **_present(envelope), "eventList": [_present(event)]}


def _present_number(number: float | None) -> float | None:
    """Return a number; NaN is a missing one, as pandas writes it."""
    return None if number is None or math.isnan(number) else number


def _compact(properties: Mapping[str, str]) -> str:
    return json.dumps(properties, ensure_ascii=False, separators=(",", ":"))


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def settings_of(folder: Path) -> dict[str, Any]:
    """Return the settings of a load of the fuzzed rows that nothing refuses, with ids taken from the rows."""
    settings = job_settings(folder / "rows", folder / "output", NOT_THERE)
    settings["mapping"]["eventId"] = "row_id"
    settings["checks"] = {"max_rejected_fraction": 1}
    return settings


def compare(prepared: PreparedLoad, expected: Mapping[str, Fuzzed]) -> Counter[str]:
    """Return the disagreements, counted by kind and by the columns that were fuzzed."""
    wrong: Counter[str] = Counter()
    placed: set[str] = set()
    for row_id in _rejected_ids(prepared):
        placed.add(row_id)
        if expected[row_id].allowed:
            wrong[f"allowed but rejected: {', '.join(expected[row_id].columns)}"] += 1
    for row_id in _staged_ids(prepared, wrong):
        placed.add(row_id)
        if not expected[row_id].allowed:
            wrong[f"refused but staged: {', '.join(expected[row_id].columns)}"] += 1
    wrong["rows without an outcome"] += len(expected.keys() - placed)
    print(f"{sum(each.allowed for each in expected.values()):,} rows allowed, {len(placed):,} rows placed")
    return +wrong


def _rejected_ids(prepared: PreparedLoad) -> Iterator[str]:
    rows = ds.dataset(prepared.run.rejected, format="parquet")
    for batch in rows.to_batches(columns=["row_id"]):
        yield from batch.column(0).to_pylist()


def _staged_ids(prepared: PreparedLoad, wrong: Counter[str]) -> Iterator[str]:
    """Yield the staged events' ids; requests that the judge refuses are counted in `wrong`."""
    judge, write = Judge(TRACKING_ID), request_writer(TRACKING_ID)
    for batch in pack(_staged(prepared), events_per_request()):
        try:
            judge.read(write(batch))
        except Refusal as refusal:
            wrong[f"request refused: {refusal.message}"] += 1
        yield from (event.event_id for event in batch.events)


def _staged(prepared: PreparedLoad) -> Iterator[StagedEvent]:
    folder = Path(prepared.run.stage) / "outcome=send"
    for path in sorted(folder.glob("*.parquet")):
        yield from read_stage(str(path))


def report(wrong: Counter[str]) -> int:
    """Print the disagreements, most frequent first; return the exit code."""
    for what, count in wrong.most_common(40):
        print(f"  {count:7,}  {what}")
    print(f"{wrong.total():,} disagreements; goal 0")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
