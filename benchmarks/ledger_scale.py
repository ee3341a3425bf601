"""What a large ledger costs the next run of one day's rows, in turns without a ledger and with three years'.

    python -m benchmarks.ledger_scale [--ids 1000000 10000000 100000000] [--linked 1000000000] [--rows 1000000]
        [--rounds 3] [--folder build/ledger_scale]

The ledger is made up as a compaction leaves it: files of a million rows sorted by the events' time, ids of 32 random
hexadecimal digits, one tracking ID, as many of each day. A tenth of the rows' events are in it, and must be found. Of a
`--linked` ledger only the files that have the plan's day are written; each of the others is one more name of a single
file, which is enough, as a plan opens none of them. Each size also ends a run: what `--rows` events leave behind, a
segment for each partition and three seconds, is compacted into it. Needs about 25 bytes of disk per id that is written.
What is timed is all that a run and a plan do alike: read, shape, check, stage, judge. A plan does more, none of it with
the ledger, so that its ratio is lower. Goal: at most 1.5 times the same without a ledger.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyspark.sql import SparkSession

from benchmarks.prepared import prepared_history
from benchmarks.usage import Timed, timed
from core.storage import Folder
from delivery.receipts.ledger import LEDGER_SCHEMA, ledger_folder, whole_ledger
from delivery.receipts.segments import Segment, parquet_bytes
from delivery.receipts.sorted_ledger import ROWS_PER_GROUP, SortedFile, write_sorted
from demo.demonstration import TRACKING_ID
from jobs.prepare.preparation import PreparedLoad
from jobs.progress.lines import ProgressLines
from jobs.progress.run_progress import RunProgress
from jobs.runs.run_folder import RunFolder
from jobs.spark.spark_session import started_spark
from jobs.steps.checking import Checked, check
from jobs.steps.delivered_before import LedgerFiles
from jobs.steps.ledger_compaction import ROWS_PER_FILE, compact
from jobs.steps.ledger_window import SECONDS_OF_DAY, LedgerWindow

GOAL = 1.5
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_DIGITS = 32
_DAYS = 3 * 365
_FIRST_DAY = 19_000
_LAST_DAY = _FIRST_DAY + _DAYS - 1
_MICROS = 1_000_000
# At the default quota one of two partitions sends 5,000 events/s and writes a segment every three seconds.
_ROWS_PER_SEGMENT = 15_000


@dataclass(frozen=True, slots=True)
class Size:
    """A ledger of so many ids; `linked`: most of its files are names of one."""

    ids: int
    linked: bool


@dataclass(frozen=True, slots=True)
class Plans:
    """The same plan twice: of an output without a ledger, and of one with it."""

    bare: PreparedLoad
    whole: PreparedLoad

    @classmethod
    def of(cls, bare: PreparedLoad) -> Plans:
        """Give the plan another output for the ledger."""
        return cls(bare, replace(bare, run=RunFolder(f"{bare.run.output}-with-ledger", "benchmark")))


def main() -> None:
    """Plan without and with each ledger, in turns; end a run with it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ids", type=int, nargs="*", default=[1_000_000, 10_000_000, 100_000_000])
    parser.add_argument("--linked", type=int, nargs="*", default=[1_000_000_000])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("build/ledger_scale"))
    asked = parser.parse_args()
    plans = Plans.of(of_one_day(prepared_history(asked.folder, asked.rows)))
    sizes = [
        *(Size(ids, linked=False) for ids in asked.ids),
        *(Size(ids, linked=True) for ids in asked.linked),
    ]
    with started_spark() as spark:
        checked(spark, plans.bare)  # warms the JVM up
        known = some_staged_ids(plans.bare, checked(spark, plans.bare)[1].staged.to_send // 10)
        met = [measured(spark, plans, size, known, asked.rounds) for size in sizes]
    if not all(met):
        raise SystemExit(1)


def measured(spark: SparkSession, plans: Plans, size: Size, known: pa.Array, rounds: int) -> bool:
    """Print what a ledger of this size costs; return whether the goal is met and every known id was found."""
    output = plans.whole.run.output
    whole_ledger(output).delete_all()
    write_ledger(output, size, known)
    checked(spark, plans.whole)
    rounds_of_both = [(checked(spark, plans.bare), checked(spark, plans.whole)) for _ in range(rounds)]
    turns = [(bare[0], whole[0]) for bare, whole in rounds_of_both]
    wall = ratio([(one.seconds, other.seconds) for one, other in turns])
    cpu = ratio([(one.cpu, other.cpu) for one, other in turns])
    bare, whole = (each[1].staged for each in rounds_of_both[0])
    found = whole.already_delivered
    print(f"{size.ids:,} ids{' (linked)' if size.linked else ''}, {about(output)}", flush=True)
    more = statistics.median(other.seconds - one.seconds for one, other in turns)
    print("  without and with: " + ", ".join(f"{a} and {b}" for a, b in turns))
    print(f"  {wall:.2f} times the seconds, {cpu:.2f} times the CPU, {more:+.1f} s; goal {GOAL}")
    print(f"  {found:,} delivered before, expected {len(known):,}")
    end_a_run(spark, plans.whole, bare.to_send)
    whole_ledger(output).delete_all()
    return wall <= GOAL and found == len(known)


def ratio(turns: list[tuple[float, float]]) -> float:
    """Return the median of the second of each turn divided by the first."""
    return statistics.median(other / one for one, other in turns)


def about(output: str) -> str:
    """Say how many files there are, how many of them may have the last day, and how long it takes to find out."""
    began = time.perf_counter()
    files = LedgerFiles.find(output, TRACKING_ID)
    near = files.within(LedgerWindow.of_days([_LAST_DAY]))
    seconds = time.perf_counter() - began
    return f"{len(files.sorted):,} files, {len(near.sorted)} near, listed in {seconds:.2f} s"


def end_a_run(spark: SparkSession, prepared: PreparedLoad, rows: int) -> None:
    """Write the segments of a run of `rows` events, compact them, and print how long that takes."""
    folder, random = ledger_folder(prepared.run.output, TRACKING_ID), np.random.default_rng(5)
    for number in range(-(-rows // _ROWS_PER_SEGMENT)):
        count = min(_ROWS_PER_SEGMENT, rows - number * _ROWS_PER_SEGMENT)
        times = _LAST_DAY * SECONDS_OF_DAY + random.integers(0, SECONDS_OF_DAY, count)
        segment = Segment("run", "execution", number % 2, "attempt", f"{number}-{count}")
        table = pa.Table.from_batches([_batch(random_ids(count, random), times)])
        folder.write_bytes(segment.name, parquet_bytes(table))
    before = len(folder.names())
    began = time.perf_counter()
    compact(spark, prepared)
    seconds = time.perf_counter() - began
    print(
        f"  compaction of {rows:,} ids: {seconds:.1f} s, {before:,} files before, {len(folder.names()):,} after"
    )


def of_one_day(prepared: PreparedLoad) -> PreparedLoad:
    """Return the same plan, its rows' times moved into the last day of the ledger."""
    settings = prepared.settings
    sent_at = settings.mapping.sent_at
    expr = f"pmod({sent_at.expr}, {SECONDS_OF_DAY}) + {_LAST_DAY * SECONDS_OF_DAY}"
    moved = settings.mapping.model_copy(update={"sent_at": sent_at.model_copy(update={"expr": expr})})
    return replace(prepared, settings=settings.model_copy(update={"mapping": moved}))


def checked(spark: SparkSession, prepared: PreparedLoad) -> tuple[Timed, Checked]:
    """Check, and measure it."""
    prepared.run.folder().delete_all()
    return timed(lambda: check(spark, RunProgress(ProgressLines()), prepared))


def some_staged_ids(prepared: PreparedLoad, count: int) -> pa.Array:
    """Return the ids of `count` events that are staged to be sent."""
    stage = ds.dataset(f"{prepared.run.stage}/outcome=send", format="parquet")
    return stage.head(count, columns=["event_id"]).column(0).combine_chunks()


def write_ledger(output: str, size: Size, known: pa.Array) -> None:
    """Write random ids, as many for each day, and the `known` ones of the last day."""
    folder = ledger_folder(output, TRACKING_ID)
    Path(folder.url).mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(3)
    for start in range(0, size.ids, ROWS_PER_FILE):
        times = _times(np.arange(start, min(size.ids, start + ROWS_PER_FILE)), size.ids)
        if size.linked and start > 0 and times[-1] < _LAST_DAY * SECONDS_OF_DAY:
            _link(folder, times)
        else:
            write_sorted(_batches(times, random), folder.url, "ab")
    last = np.full(len(known), _LAST_DAY * SECONDS_OF_DAY)
    write_sorted(iter([_batch(known, last)]), folder.url, "ab")


def _times(numbers: np.ndarray, ids: int) -> np.ndarray:
    return _FIRST_DAY * SECONDS_OF_DAY + numbers * (_DAYS * SECONDS_OF_DAY) // ids


def _link(folder: Folder, times: np.ndarray) -> None:
    """Give the first file one more name, under which it says that it has these times."""
    first, *_ = sorted(Path(folder.url).iterdir())
    file = SortedFile(int(times[0]), int(times[-1]), len(times), "ab", uuid4().hex)
    os.link(first, Path(folder.url) / file.name)


def _batches(times: np.ndarray, random: np.random.Generator) -> Iterator[pa.RecordBatch]:
    for first in range(0, len(times), ROWS_PER_GROUP):
        group = times[first : first + ROWS_PER_GROUP]
        yield _batch(random_ids(len(group), random), group)


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
