"""What earlier attempts of a task settled: their own events, and exactly those."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import StorageError
from core.storage import Folder
from delivery.receipts.ledger import Ledger
from delivery.receipts.segments import READERS
from delivery.receipts.settled import SettledIds
from tests.delivery.receipts.ledgers import events, flush, folder_of
from tests.delivery.tasks import task_of


def test_a_retried_task_knows_what_its_own_earlier_attempts_settled_alone(tmp_path: Path) -> None:
    first = Ledger(task_of(tmp_path), "a1")
    first.accepted(events("mine"), 1.0)
    flush(first)  # and then it dies
    for other in (task_of(tmp_path, partition=1), task_of(tmp_path, execution="exec2")):
        ledger = Ledger(other, "a1")
        ledger.accepted(events("theirs"), 1.0)
        ledger.close()
    settled = Ledger(task_of(tmp_path), "a2").settled_before()
    assert "mine" in settled
    assert "theirs" not in settled


def test_segments_are_read_side_by_side_and_each_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other, those of some hours took longer than a task may stand still."""
    first, number, noticed = Ledger(task_of(tmp_path), "a1"), 2 * READERS, list[pa.ChunkedArray]()
    for each in range(number):
        first.accepted(events(f"e{each}"), 1.0)
        flush(first)
    together, opened = threading.Barrier(READERS), Folder.open_input

    def meeting(folder: Folder, name: str) -> pa.NativeFile:
        together.wait(30)
        return opened(folder, name)

    def noticing(columns: Iterator[pa.ChunkedArray]) -> Iterator[pa.ChunkedArray]:
        for column in columns:
            noticed.append(column)
            yield column

    retry = Ledger(task_of(tmp_path), "a2")
    monkeypatch.setattr(Folder, "open_input", meeting)
    settled = retry.settled_before(noticing)
    assert (len(settled), len(noticed)) == (number, number)
    assert all(f"e{each}" in settled for each in range(number))


def test_a_segment_with_a_changed_bit_settles_nothing_and_is_an_error(tmp_path: Path) -> None:
    first = Ledger(task_of(tmp_path), "a1")
    digests = (hashlib.sha256(b"%d" % number).hexdigest()[:32] for number in range(100))
    first.accepted(events(*digests), 1.0)  # they compress badly: a changed bit is another id
    flush(first)
    (segment,) = folder_of(tmp_path).iterdir()
    content = bytearray(segment.read_bytes())
    ids = pq.read_metadata(segment).row_group(0).column(0)
    content[(ids.dictionary_page_offset + ids.data_page_offset) // 2] ^= 1
    segment.write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        Ledger(task_of(tmp_path), "a2").settled_before()


def test_a_first_attempt_finds_nothing_settled(tmp_path: Path) -> None:
    assert len(Ledger(task_of(tmp_path), "a1").settled_before()) == 0


@settings(max_examples=30)
@given(st.lists(st.text(), max_size=300), st.lists(st.text(), max_size=20))
def test_the_settled_ids_are_exactly_those_put_in(inside: list[str], asked: list[str]) -> None:
    settled = SettledIds([pa.chunked_array([inside], pa.string())])
    assert len(settled) == len(set(inside))
    assert all(event_id in settled for event_id in inside)
    assert all((event_id in settled) == (event_id in set(inside)) for event_id in asked)


def test_ids_whose_digest_ends_in_zero_bytes_are_found_too() -> None:
    ids = [str(number) for number in range(2000)]  # one in 256 ends so
    settled = SettledIds([pa.chunked_array([ids])])
    assert all(event_id in settled for event_id in ids)
    assert "2000" not in settled


def test_a_task_lists_what_its_own_attempts_wrote_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of tasks, one after the other, each find the segments of all before them in the folder."""
    for partition in (1, 11, 2):
        ledger = Ledger(task_of(tmp_path, partition=partition), "a1")
        ledger.accepted(events(f"{partition}"), 1.0)
        ledger.close()
    asked: list[str] = []
    whole = Folder.names

    def listed(folder: Folder, beginning: str = "") -> list[str]:
        names = whole(folder, beginning)
        asked.extend(names)
        return names

    monkeypatch.setattr(Folder, "names", listed)
    settled = Ledger(task_of(tmp_path, partition=1), "a2").settled_before()
    assert len(settled) == 1
    assert "1" in settled
    assert {name.split(".")[3] for name in asked} == {"1"}
