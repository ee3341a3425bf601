"""The cost of a large ledger for the next run: its plan over the same rows with no ledger, and with one of many ids.

    python -m benchmarks.ledger_scale [--ids 100000000] [--files 10000] [--rows 1000000] [--folder
    build/ledger_scale]

The ledger is generated as sending tasks leave it: merged segments, ids of 32 random hexadecimal digits, one
tracking ID. A tenth of the rows' events are put into it, and must be found. Needs about 20 bytes of disk
per id.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from benchmarks.checking_ratio import prepared
from delivery.receipts.ledger import LEDGER_SCHEMA
from demo.demonstration import TRACKING_ID
from jobs.prepare.preparation import Preparation
from jobs.progress.lines import ProgressLines
from jobs.progress.run_progress import RunProgress
from jobs.spark.spark_session import started_spark
from jobs.steps.checking import Checked, check

_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_DIGITS = 32


def main() -> None:
    """Check without a ledger, make one, check with it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ids", type=int, default=100_000_000)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path("build/ledger_scale"))
    asked = parser.parse_args()
    preparation = prepared(asked.folder, asked.rows)
    preparation.run.ledger_folder().delete_all()
    with started_spark() as spark:
        _timed(spark, preparation)  # warms the JVM up
        bare, checked = _timed(spark, preparation)
        known = some_staged_ids(preparation, checked.staged.to_send // 10)
        write_ledger(Path(preparation.run.ledger), asked.ids, asked.files, known)
        whole, checked = _timed(spark, preparation)
    size = sum(path.stat().st_size for path in Path(preparation.run.ledger).iterdir())
    print(f"ledger of {asked.ids:,} ids in {asked.files:,} files, {size / 1e9:.1f} GB")
    print(f"plan of {asked.rows:,} rows: {bare:.1f} s without, {whole:.1f} s with it")
    print(f"{checked.staged.already_delivered:,} delivered before, expected {len(known):,}")
    preparation.run.ledger_folder().delete_all()


def _timed(spark: SparkSession, preparation: Preparation) -> tuple[float, Checked]:
    preparation.run.folder().delete_all()
    began = time.perf_counter()
    checked = check(spark, RunProgress(ProgressLines()), preparation)
    return time.perf_counter() - began, checked


def some_staged_ids(preparation: Preparation, count: int) -> pa.Array:
    """Return the ids of `count` events that are staged to be sent."""
    stage = ds.dataset(f"{preparation.run.stage}/outcome=send", format="parquet")
    return stage.head(count, columns=["event_id"]).column(0).combine_chunks()


def write_ledger(folder: Path, ids: int, files: int, known: pa.Array) -> None:
    """Write `ids` random ids in `files` files of one size, and one more file with the `known` ones."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(3)
    for number in range(files):
        _write(folder / f"part-made-up.{number}.all.parquet", random_ids(ids // files, random))
    _write(folder / "part-known.0.all.parquet", known)


def random_ids(count: int, random: np.random.Generator) -> pa.Array:
    """Return `count` ids as `transforms.event_id` makes them."""
    digits = _HEX[random.integers(0, 16, (count, _DIGITS), np.uint8)]
    ids = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(_DIGITS), count, [None, pa.py_buffer(digits.tobytes())]
    )
    return pc.cast(pc.cast(ids, pa.binary()), pa.string())


def _write(path: Path, ids: pa.Array) -> None:
    constants = (TRACKING_ID, "an-earlier-run", int(time.time() * 1_000_000))
    columns = [ids, *(pa.repeat(pa.scalar(value), len(ids)) for value in constants)]
    table = pa.table(columns, names=LEDGER_SCHEMA.names).cast(LEDGER_SCHEMA)
    pq.write_table(table, path, compression="zstd")


if __name__ == "__main__":
    main()
