from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from standin import record
from standin.judge import PutEvents
from standin.record import FILE_NAME, SCHEMA, Record
from tests.standin.signing import event


def test_each_accepted_event_is_one_row(tmp_path: Path) -> None:
    kept = Record(tmp_path / "new")
    kept.add(PutEvents("t", None, "s", [event(), event(eventId=None, itemId=None, sentAt=1.5)]), 3, 10.25)
    kept.close()
    first, second = pq.read_table(tmp_path / "new" / FILE_NAME).to_pylist()
    assert json.loads(first["event"]) == event()
    assert (first["trackingId"], first["userId"], first["sessionId"]) == ("t", None, "s")
    assert (first["request"], first["arrived_at"].timestamp()) == (3, 10.25)
    assert (first["eventId"], first["eventType"], first["itemId"]) == ("e-1", "view", "i-1")
    assert (second["eventId"], second["itemId"], second["sentAt"]) == (None, None, 1.5)


def test_a_record_of_nothing_is_an_empty_file(tmp_path: Path) -> None:
    Record(tmp_path).close()
    table = pq.read_table(tmp_path / FILE_NAME)
    assert (table.num_rows, table.schema) == (0, SCHEMA)


def test_rows_wait_in_memory_for_one_row_group_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "BATCH_EVENTS", 10)
    monkeypatch.setattr(record, "ROW_GROUP_BATCHES", 3)
    kept = Record(tmp_path)
    for number in range(100):
        kept.add(PutEvents("t", "u", "s", [event(eventId=str(number))]), number, 0.0)
    kept.close()
    written = pq.ParquetFile(tmp_path / FILE_NAME)
    groups = [written.metadata.row_group(index).num_rows for index in range(written.num_row_groups)]
    assert groups == [30, 30, 30, 10]
    assert written.read()["eventId"].to_pylist() == [str(number) for number in range(100)]
