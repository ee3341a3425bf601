"""Read the ledger's segments whole, each with one request: Spark's own reader needs several for a file of any size.

A run that sends for an hour leaves thousands of segments of some hundred kilobytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from core.storage import Folder
from delivery.receipts.ledger import LEDGER_SCHEMA

READERS = 16
"""Files that a task reads at once, and holds in memory."""


def segment_rows(batches: Iterator[pa.RecordBatch], url: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of the files in the folder `url` that a column `name` names: what `mapInArrow` runs.

    Raises:
        StorageError: a file is not there or can't be read.
    """
    folder = Folder(url)
    with ThreadPoolExecutor(READERS) as readers:
        for batch in batches:
            names = batch.column("name").to_pylist()
            for start in range(0, len(names), READERS):
                yield from _rows(readers, folder, names[start : start + READERS])


def _rows(readers: ThreadPoolExecutor, folder: Folder, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for table in readers.map(partial(_read, folder), names):
        yield from table.to_batches()


def _read(folder: Folder, name: str) -> pa.Table:
    table = pq.read_table(pa.BufferReader(folder.read_bytes(name)), page_checksum_verification=True)
    return table.select(LEDGER_SCHEMA.names).cast(LEDGER_SCHEMA)
