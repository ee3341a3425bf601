"""A staged Parquet file read event by event: the partition that a task sends.

Memory stays at one batch of rows for a file of any size.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from core.storage import open_filesystem
from delivery.packing import StagedEvent

COLUMNS = ("event_id", "envelope", "body", "sent_at", "requests_after")
# About 1 MB of JSON at the size of usual events, and a few milliseconds to decode: answers wait no longer.
_ROWS = 4096
# Column chunks are read through a buffer of this size instead of whole.
_BUFFER_BYTES = 4 * 1024 * 1024


def read_stage(url: str) -> Iterator[StagedEvent]:
    """Return the events of a staged file (columns `COLUMNS`: three of text, two of whole numbers), in its order.

    Raises:
        OSError, ArrowException: the file can't be read.
    """
    filesystem, path = open_filesystem(url)
    with filesystem.open_input_file(path) as source:
        file = pq.ParquetFile(
            source, buffer_size=_BUFFER_BYTES, pre_buffer=False, page_checksum_verification=True
        )
        for batch in file.iter_batches(_ROWS, columns=list(COLUMNS), use_threads=False):
            yield from _events(batch)


def leave_out(settled: Container[str], events: Iterator[StagedEvent]) -> Iterator[StagedEvent]:
    """Yield the events without those whose id is settled already."""
    return (event for event in events if event.event_id not in settled)


def _events(batch: pa.RecordBatch) -> Iterator[StagedEvent]:
    # The JSON stays bytes, as it goes out: neither decoded nor encoded again, and never judged here.
    event_id, envelope, body, *numbers = (batch.column(name) for name in COLUMNS)
    as_sent = (column.cast(pa.binary()) for column in (envelope, body))
    return map(StagedEvent, *(column.to_pylist() for column in (event_id, *as_sent, *numbers)))
