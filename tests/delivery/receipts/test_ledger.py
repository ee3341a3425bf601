"""The ledger: what is recorded, when, and what a write does that fails or does not end."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from traceback import format_exception

import pyarrow.dataset as ds
import pytest

from core.errors import StorageError
from core.storage import Folder
from delivery.receipts import segment_writer
from delivery.receipts.ledger import LEDGER_SCHEMA, Ledger
from delivery.receipts.ledger import accepted_count as accepted_by
from delivery.receipts.segment_writer import FLUSH_SECONDS, STUCK_SECONDS
from tests.delivery.receipts.ledgers import (
    SENT_AT,
    StopsAfter,
    accepted_count,
    events,
    files,
    flush,
    folder_of,
    rows,
)
from tests.delivery.tasks import task_of


def test_an_accepted_event_is_in_the_ledger_with_its_tracker_run_and_time(tmp_path: Path) -> None:
    ledger = Ledger(task_of(tmp_path), "a1")
    ledger.accepted(events("e1", "e2"), 1_700_000_000.25)
    ledger.close()
    when = datetime.fromtimestamp(1_700_000_000.25, UTC)
    sent_at = datetime.fromtimestamp(SENT_AT, UTC)
    same = {"tracking_id": "tracker", "run_id": "2026.run", "accepted_at": when, "sent_at": sent_at}
    assert rows(tmp_path) == [{"event_id": "e1", **same}, {"event_id": "e2", **same}]
    assert ds.dataset(tmp_path / "ledger", format="parquet").schema.names == LEDGER_SCHEMA.names


def test_each_flush_is_a_whole_file_that_any_reader_sees_at_once(tmp_path: Path) -> None:
    """The next one begins 3 seconds later: with a write that takes 2, none is 5 seconds after an answer."""
    ledger = Ledger(task_of(tmp_path), "a1")
    for number in range(3):
        ledger.accepted(events(f"e{number}"), 1.0)
        assert flush(ledger) == FLUSH_SECONDS
        assert len(rows(tmp_path)) == number + 1
    assert len(files(tmp_path)) == 3


def test_a_flush_with_nothing_new_writes_no_file(tmp_path: Path) -> None:
    ledger = Ledger(task_of(tmp_path), "a1")
    flush(ledger)
    ledger.close()
    assert files(tmp_path) == []


def test_closing_leaves_the_segments_for_the_driver_to_sort(tmp_path: Path) -> None:
    """An executor that deleted files might do so while the next run reads them."""
    ledger = Ledger(task_of(tmp_path), "a1")
    for number in range(3):
        ledger.accepted(events(f"e{number}"), 1.0)
        flush(ledger)
    ledger.close()
    assert files(tmp_path) == [f"part-2026.run.exec1.0.a1.{number}-1.parquet" for number in range(3)]


def test_each_tracking_id_has_a_folder_that_names_no_value(tmp_path: Path) -> None:
    for tracking_id in ("tracker", "a=b/../c"):
        ledger = Ledger(replace(task_of(tmp_path), tracking_id=tracking_id), "a1")
        ledger.accepted(events("e1"), 1.0)
        ledger.close()
        assert accepted_by(str(tmp_path), tracking_id, "exec1") == 1
    assert len(list((tmp_path / "ledger").iterdir())) == 2
    assert not any("=" in path.name for path in tmp_path.rglob("*"))
    assert {row["tracking_id"] for row in rows(tmp_path)} == {"tracker", "a=b/../c"}


def test_a_write_that_fails_is_tried_again_and_then_stops_the_sender(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same events."""
    ledger = Ledger(task_of(tmp_path), "a1")
    ledger.accepted(events("e1"), 1.0)
    with monkeypatch.context() as patched:
        patched.setattr(Folder, "write_bytes", StopsAfter(0).around(Folder.write_bytes))
        assert 0 < flush(ledger) <= 0.5
        assert ledger.failure is None
        flush(ledger)
        ledger.accepted(events("e2"), 1.0)
        flush(ledger)
        assert ledger.failure == "killed"
        with pytest.raises(StorageError):
            ledger.close()
    ledger.close()
    assert [row["event_id"] for row in rows(tmp_path)] == ["e1", "e2"]


def test_an_error_of_any_kind_stops_the_sender_and_quotes_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that was not the storage's ended the thread, while sending went on without a record."""

    def failing(*_: object) -> None:
        raise ValueError("can't convert user-3")

    ledger = Ledger(task_of(tmp_path), "a1")
    monkeypatch.setattr(Folder, "write_bytes", failing)
    ledger.accepted(events("e1"), 1.0)
    for _ in range(3):
        assert ledger.failure is None
        flush(ledger)
    assert "ValueError" in str(ledger.failure)
    with pytest.raises(StorageError, match="ValueError") as raised:
        ledger.close()
    assert "user-3" not in f"{ledger.failure} {''.join(format_exception(raised.value))}"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_has_ended_stops_the_sender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ending(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(segment_writer, "FLUSH_SECONDS", 0.0)
    monkeypatch.setattr(Folder, "write_bytes", ending)
    ledger = Ledger(task_of(tmp_path), "a1")
    ledger.accepted(events("e1"), 1.0)
    ledger.start()
    thread = ledger._writer._thread
    assert thread is not None
    thread.join(30)
    assert "its thread has ended" in str(ledger.failure)


def test_a_write_that_does_not_end_stops_the_sender_and_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, begun, gate = [0.0], threading.Event(), threading.Event()

    def hanging(*_: object) -> None:
        begun.set()
        gate.wait(30)

    monkeypatch.setattr(segment_writer, "FLUSH_SECONDS", 0.0)
    monkeypatch.setattr(Folder, "write_bytes", hanging)
    ledger = Ledger(task_of(tmp_path), "a1")
    ledger._writer._clock = lambda: now[0]
    ledger.accepted(events("e1"), 1.0)
    ledger.start()
    assert begun.wait(10)
    assert ledger.failure is None
    now[0] = STUCK_SECONDS + 0.1
    assert f"{tmp_path}/ledger" in str(ledger.failure)
    monkeypatch.setattr(segment_writer, "STUCK_SECONDS", 0.0)
    with pytest.raises(StorageError, match="it has taken more than"):
        ledger.close()
    [thread] = [each for each in threading.enumerate() if each.name == "receipts"]
    gate.set()
    thread.join(30)
    assert not thread.is_alive()


def test_it_knows_the_age_of_the_oldest_record_that_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And writes the next ones when they are three seconds old, those that came during a slow write too."""
    now, ledger = [100.0], Ledger(task_of(tmp_path), "a1")
    ledger._writer._clock = lambda: now[0]
    write = Folder.write_bytes

    def slow(*arguments: object) -> None:
        assert ledger.unwritten_seconds == 2.0
        now[0] += 1.0
        ledger.accepted(events("e2"), 1.0)
        now[0] += 1.5
        assert ledger.unwritten_seconds == 4.5
        write(*arguments)  # type: ignore[arg-type]

    assert ledger.unwritten_seconds == 0.0
    ledger.accepted(events("e1"), 1.0)
    now[0] += 2.0
    with monkeypatch.context() as patched:
        patched.setattr(Folder, "write_bytes", slow)
        assert flush(ledger) == FLUSH_SECONDS - 1.5
    assert ledger.unwritten_seconds == 1.5
    assert flush(ledger) == FLUSH_SECONDS
    assert ledger.unwritten_seconds == 0.0


def test_what_could_not_be_written_keeps_its_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, ledger = [100.0], Ledger(task_of(tmp_path), "a1")
    ledger._writer._clock = lambda: now[0]
    ledger.accepted(events("e1"), 1.0)
    monkeypatch.setattr(Folder, "write_bytes", StopsAfter(0).around(Folder.write_bytes))
    for _ in range(2):
        flush(ledger)
        now[0] += 1.0
        ledger.accepted(events("e2"), 1.0)
    assert ledger.unwritten_seconds == 2.0


def test_a_file_that_is_being_written_is_never_seen(tmp_path: Path) -> None:
    ledger = Ledger(task_of(tmp_path), "a1")
    ledger.accepted(events("e1"), 1.0)
    flush(ledger)
    (folder_of(tmp_path) / ".part-x.parquet.1.tmp").write_bytes(b"half of a fi")
    assert len(rows(tmp_path)) == 1
    assert accepted_count(str(tmp_path), "exec1") == 1


def test_the_background_thread_writes_what_is_added_before_it_ends(tmp_path: Path) -> None:
    ledger = Ledger(task_of(tmp_path), "a1").start()
    ledger.accepted(events("e1"), 1.0)
    ledger.close()
    assert len(rows(tmp_path)) == 1
    assert not any(thread.name == "receipts" for thread in threading.enumerate())


def test_an_event_may_come_while_a_segment_is_written_without_being_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(task_of(tmp_path), "a1")
    ledger.accepted(events("e1"), 1.0)
    write = Folder.write_bytes

    def while_writing(*arguments: object) -> None:
        ledger.accepted(events("e2"), 1.0)
        write(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "write_bytes", while_writing)
        flush(ledger)
    ledger.close()
    assert {row["event_id"] for row in rows(tmp_path)} == {"e1", "e2"}
