"""Read the ledger's segments whole, each with one request: Spark's own reader needs several for a file of any size.

A run that sends for an hour leaves thousands of segments of some hundred kilobytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from core.storage import Folder
from delivery.receipts.ledger import LEDGER_SCHEMA
from delivery.receipts.segments import some_at_once


def segment_rows(batches: Iterator[pa.RecordBatch], url: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of the files in the folder `url` that a column `name` names: what `mapInArrow` runs.

    Raises:
        StorageError: a file is not there or can't be read.
    """
    read = partial(_read, Folder(url))
    for batch in batches:
        for table in some_at_once(read, batch.column("name").to_pylist()):
            yield from table.to_batches()


def _read(folder: Folder, name: str) -> pa.Table:
    table = pq.read_table(pa.BufferReader(folder.read_bytes(name)), page_checksum_verification=True)
    return table.select(LEDGER_SCHEMA.names).cast(LEDGER_SCHEMA)
