"""Sorted files of the ledger: what they hold is what their names say."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import StorageError
from core.storage import Folder
from delivery.receipts.ledger import LEDGER_SCHEMA
from delivery.receipts.segments import Segment
from delivery.receipts.sorted_ledger import (
    ROWS_PER_GROUP,
    SortedFile,
    last_accepted,
    write_sorted,
    written_names,
)

seconds = st.integers(-(10**11), 10**11)
tokens = st.text("0123456789abcdef", min_size=1, max_size=32)


@given(seconds, seconds, st.integers(0, 10**9), tokens, tokens)
def test_a_name_reads_back(first: int, last: int, rows: int, written_by: str, attempt: str) -> None:
    file = SortedFile(first, last, rows, written_by, attempt)
    assert SortedFile.parse(file.name) == file
    assert Segment.parse(file.name) is None


def test_a_segments_name_is_not_taken_for_a_sorted_files() -> None:
    assert SortedFile.parse(Segment("sorted.1.2", "x", 0, "a", "0").name) is None


def batch(first: int, count: int) -> pa.RecordBatch:
    """Rows a second apart, as Spark hands them over: columns in another order, times in another zone's type."""
    moments = pa.array(
        [(first + number) * 1_000_000 for number in range(count)], pa.timestamp("us", tz="Etc/UTC")
    )
    texts = {"event_id": pa.array([f"e{first + number}" for number in range(count)])}
    texts |= {name: pa.array(["x"] * count) for name in ("tracking_id", "run_id")}
    return pa.RecordBatch.from_pydict({"sent_at": moments, "accepted_at": moments, **texts})


def test_a_file_holds_all_rows_in_groups_that_statistics_tell_apart(tmp_path: Path) -> None:
    parts = [batch(start, 10_000) for start in range(-10_000, 60_000, 10_000)]
    file = write_sorted(iter(parts), str(tmp_path), "ab")
    assert file is not None
    assert (file.first, file.last, file.rows, file.written_by) == (-10_000, 59_999, 70_000, "ab")
    [path] = tmp_path.iterdir()
    assert path.name == file.name
    stored = pq.ParquetFile(path)
    assert stored.schema_arrow.equals(LEDGER_SCHEMA)
    groups = [stored.metadata.row_group(number) for number in range(stored.num_row_groups)]
    assert max(group.num_rows for group in groups) <= ROWS_PER_GROUP
    spans = [(group.column(4).statistics.min, group.column(4).statistics.max) for group in groups]
    assert spans == sorted(spans)
    assert spans[0][0] == datetime.fromtimestamp(-10_000, UTC)
    assert stored.read().column("event_id").to_pylist() == [f"e{number}" for number in range(-10_000, 60_000)]


@pytest.mark.parametrize("batches", [[], [batch(0, 0)]])
def test_where_no_rows_come_there_is_no_file(tmp_path: Path, batches: list[pa.RecordBatch]) -> None:
    [names] = written_names(iter(batches), str(tmp_path), "ab")
    assert names.num_rows == 0
    assert list(tmp_path.iterdir()) == []


def test_the_driver_learns_the_name(tmp_path: Path) -> None:
    [names] = written_names(iter([batch(5, 2)]), str(tmp_path), "ab")
    assert names.column("name").to_pylist() == [path.name for path in tmp_path.iterdir()]


def test_the_newest_acceptance_is_the_one_of_any_group_of_any_file(tmp_path: Path) -> None:
    """Files are sorted by the events' own time, so that the newest acceptance may be in any group."""
    parts = [pa.Table.from_batches([batch(start, ROWS_PER_GROUP)]) for start in (0, 90_000, 40_000)]
    rows = pa.concat_tables(parts)
    files = [write_sorted(iter(each.to_batches()), str(tmp_path), "ab") for each in (rows, parts[0])]
    names = [file.name for file in files if file]
    folder = Folder(str(tmp_path))
    assert last_accepted(folder, names) == datetime.fromtimestamp(90_000 + ROWS_PER_GROUP - 1, UTC)
    assert last_accepted(folder, names[1:]) == datetime.fromtimestamp(ROWS_PER_GROUP - 1, UTC)
    assert last_accepted(folder, []) is None


def test_a_sorted_file_that_is_cut_off_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 half")
    with pytest.raises(StorageError, match=r"could not read .*/a\.parquet"):
        last_accepted(Folder(str(tmp_path)), ["a.parquet"])
