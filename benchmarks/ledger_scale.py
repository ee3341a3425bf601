"""What a large ledger costs the next run: its plan over rows of one day, with no ledger and with one of three years.

    python -m benchmarks.ledger_scale [--ids 100000000] [--rows 1000000] [--rounds 2] [--folder build/ledger_scale]

The ledger is made up as a compaction leaves it: files of a million rows sorted by the events' time, ids of 32 random
hexadecimal digits, one tracking ID, as many of each day. A tenth of the rows' events are in it, and must be found.
Needs about 20 bytes of disk per id. Goal: at most 1.5 times the plan without a ledger.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyspark.sql import SparkSession

from benchmarks.checking_ratio import prepared
from delivery.receipts.ledger import LEDGER_SCHEMA, ledger_folder, whole_ledger
from delivery.receipts.sorted_ledger import ROWS_PER_GROUP, write_sorted
from demo.demonstration import TRACKING_ID
from jobs.prepare.preparation import Preparation
from jobs.progress.lines import ProgressLines
from jobs.progress.run_progress import RunProgress
from jobs.spark.spark_session import started_spark
from jobs.steps.checking import Checked, check
from jobs.steps.ledger_compaction import ROWS_PER_FILE
from jobs.steps.ledger_window import SECONDS_OF_DAY

GOAL = 1.5
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_DIGITS = 32
_DAYS = 3 * 365
_FIRST_DAY = 19_000
_MICROS = 1_000_000


def main() -> None:
    """Check without a ledger, make one, check with it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ids", type=int, default=100_000_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path("build/ledger_scale"))
    asked = parser.parse_args()
    preparation = of_one_day(prepared(asked.folder, asked.rows))
    whole_ledger(preparation.run.output).delete_all()
    with started_spark() as spark:
        timed(spark, preparation)  # warms the JVM up
        bare, checked = zip(*(timed(spark, preparation) for _ in range(asked.rounds)), strict=True)
        known = some_staged_ids(preparation, checked[0].staged.to_send // 10)
        files, size = write_ledger(preparation.run.output, asked.ids, known)
        timed(spark, preparation)
        whole, checked = zip(*(timed(spark, preparation) for _ in range(asked.rounds)), strict=True)
    ratio = statistics.median(whole) / statistics.median(bare)
    print(f"ledger of {asked.ids:,} ids in {files:,} files, {size / 1e9:.1f} GB")
    print(f"plan of {asked.rows:,} rows of one day: {ratio:.2f} times as long as without it; goal {GOAL}")
    print(f"{checked[0].staged.already_delivered:,} delivered before, expected {len(known):,}")
    whole_ledger(preparation.run.output).delete_all()
    if ratio > GOAL or checked[0].staged.already_delivered != len(known):
        raise SystemExit(1)


def of_one_day(preparation: Preparation) -> Preparation:
    """Return the same plan, its rows' times moved into the last day of the ledger."""
    settings = preparation.settings
    sent_at = settings.mapping.sent_at
    expr = f"pmod({sent_at.expr}, {SECONDS_OF_DAY}) + {(_FIRST_DAY + _DAYS - 1) * SECONDS_OF_DAY}"
    moved = settings.mapping.model_copy(update={"sent_at": sent_at.model_copy(update={"expr": expr})})
    return replace(preparation, settings=settings.model_copy(update={"mapping": moved}))


def timed(spark: SparkSession, preparation: Preparation) -> tuple[float, Checked]:
    """How many seconds a check takes, and what it comes to."""
    preparation.run.folder().delete_all()
    began = time.perf_counter()
    checked = check(spark, RunProgress(ProgressLines()), preparation)
    return time.perf_counter() - began, checked


def some_staged_ids(preparation: Preparation, count: int) -> pa.Array:
    """Return the ids of `count` events that are staged to be sent."""
    stage = ds.dataset(f"{preparation.run.stage}/outcome=send", format="parquet")
    return stage.head(count, columns=["event_id"]).column(0).combine_chunks()


def write_ledger(output: str, ids: int, known: pa.Array) -> tuple[int, int]:
    """Write `ids` random ids, as many for each day, and the `known` ones of the last day; return files and bytes."""
    url = ledger_folder(output, TRACKING_ID).url
    Path(url).mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(3)
    for start in range(0, ids, ROWS_PER_FILE):
        write_sorted(_batches(start, min(ids, start + ROWS_PER_FILE), ids, random), url, "ab")
    last = np.full(len(known), (_FIRST_DAY + _DAYS - 1) * SECONDS_OF_DAY)
    write_sorted(iter([_batch(known, last)]), url, "ab")
    sizes = [path.stat().st_size for path in Path(url).iterdir()]
    return len(sizes), sum(sizes)


def _batches(start: int, end: int, ids: int, random: np.random.Generator) -> Iterator[pa.RecordBatch]:
    for first in range(start, end, ROWS_PER_GROUP):
        numbers = np.arange(first, min(end, first + ROWS_PER_GROUP))
        times = _FIRST_DAY * SECONDS_OF_DAY + numbers * (_DAYS * SECONDS_OF_DAY) // ids
        yield _batch(random_ids(len(numbers), random), times)


def random_ids(count: int, random: np.random.Generator) -> pa.Array:
    """Return `count` ids as `transforms.event_id` makes them."""
    digits = _HEX[random.integers(0, 16, (count, _DIGITS), np.uint8)]
    ids = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(_DIGITS), count, [None, pa.py_buffer(digits.tobytes())]
    )
    return pc.cast(pc.cast(ids, pa.binary()), pa.string())


def _batch(ids: pa.Array, seconds: np.ndarray) -> pa.RecordBatch:
    names = (pa.repeat(pa.scalar(value), len(ids)) for value in (TRACKING_ID, "an-earlier-run"))
    accepted = pa.repeat(pa.scalar(int(time.time() * _MICROS)), len(ids))
    times = (accepted, pa.array(seconds * _MICROS))
    columns = [ids, *names, *(each.cast(LEDGER_SCHEMA.field("sent_at").type) for each in times)]
    return pa.RecordBatch.from_arrays(columns, LEDGER_SCHEMA.names)


if __name__ == "__main__":
    main()
