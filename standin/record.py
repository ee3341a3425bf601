"""The record of what was accepted: one Parquet file, a row per event, written while the stand-in runs.

At most one row group waits in memory. The file can be read once `close` has returned.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from standin.facts import event_text
from standin.judge import PutEvents

FILE_NAME = "accepted.parquet"

SCHEMA = pa.schema(
    [
        ("arrived_at", pa.timestamp("us", tz="UTC")),
        ("request", pa.int64()),
        ("trackingId", pa.string()),
        ("userId", pa.string()),
        ("sessionId", pa.string()),
        ("eventId", pa.string()),
        ("eventType", pa.string()),
        ("itemId", pa.string()),
        ("sentAt", pa.float64()),
        ("event", pa.string()),
    ]
)
"""One row per accepted event; `request` is the number of its HTTP request (from 0), `event` its JSON."""

BATCH_EVENTS = 500
"""Rows converted to Arrow at once: a few milliseconds, so that no answer waits long for it."""

ROW_GROUP_BATCHES = 200
"""Rows written at once, in a separate thread."""

Row = tuple[int, int, str, str | None, str, str | None, str, str | None, float, str]


class Record:
    """A writer of accepted requests to `folder/accepted.parquet`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(folder / FILE_NAME, SCHEMA, compression="zstd")
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="record")
        self._written: Future[None] | None = None
        self._rows: list[Row] = []
        self._batches: list[pa.RecordBatch] = []
        # pyarrow imports pandas at its first conversion: no request should wait for that.
        pa.array([""])

    def add(self, request: PutEvents, number: int, now: float) -> None:
        """Add an accepted request: the one with this number, which arrived at `now` (Unix seconds)."""
        arrived_at = round(now * 1_000_000)
        whose = (arrived_at, number, request.tracking_id, request.user_id, request.session_id)
        for event in request.events:
            what = (event.get("eventId"), event["eventType"], event.get("itemId"), float(event["sentAt"]))
            self._rows.append((*whose, *what, event_text(event)))
        if len(self._rows) >= BATCH_EVENTS:
            self._make_batch()

    def close(self) -> None:
        """Write what is left and finish the file.

        Raises:
            OSError: a write failed.
        """
        if self._rows:
            self._make_batch()
        self._write_group()
        self._thread.shutdown()
        if self._written is not None:
            self._written.result()
        self._writer.close()

    def _make_batch(self) -> None:
        columns = zip(*self._rows, strict=True)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
        self._batches.append(pa.record_batch(arrays, schema=SCHEMA))
        self._rows.clear()
        if len(self._batches) >= ROW_GROUP_BATCHES:
            self._write_group()

    def _write_group(self) -> None:
        if self._written is not None:
            self._written.result()
        if self._batches:
            table = pa.Table.from_batches(self._batches)
            self._batches = []
            self._written = self._thread.submit(self._writer.write_table, table)
