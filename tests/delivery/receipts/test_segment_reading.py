"""Segments as a compaction reads them: each whole."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from core.errors import StorageError
from delivery.packing import StagedEvent
from delivery.receipts.ledger import LEDGER_SCHEMA, Ledger, ledger_folder
from delivery.receipts.segment_reading import segment_rows
from delivery.receipts.segments import READERS
from tests.delivery.tasks import task_of


def read(url: str, names: list[str]) -> pa.Table:
    batches = [
        pa.RecordBatch.from_pydict({"name": names[:3]}),
        pa.RecordBatch.from_pydict({"name": names[3:]}),
    ]
    return pa.Table.from_batches(segment_rows(iter(batches), url), LEDGER_SCHEMA)


def test_every_row_of_every_segment_comes_with_the_ledgers_types(tmp_path: Path) -> None:
    ledger = Ledger(task_of(tmp_path), "a1")
    for number in range(2 * READERS + 1):
        ledger.accepted([StagedEvent(f"e{number}", b"", b"", number)], 1.0)
        ledger._writer.tick()
    ledger.close()
    folder = ledger_folder(str(tmp_path), "tracker")
    found = read(folder.url, folder.names())
    assert found.schema.equals(LEDGER_SCHEMA)
    assert sorted(found.column("event_id").to_pylist()) == sorted(f"e{n}" for n in range(2 * READERS + 1))


def test_a_segment_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="part-gone"):
        read(str(tmp_path), ["part-gone.parquet"])
