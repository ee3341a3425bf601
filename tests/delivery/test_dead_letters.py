"""Dead letters: readable from the start, whole, and known to a retry of the task."""

from __future__ import annotations

from pathlib import Path

import pyarrow.dataset as ds

from delivery.dead_letters import DEAD_LETTERS_SCHEMA, DeadLetters, dead_letter_count, prepare_folder
from delivery.packing import StagedEvent
from tests.delivery.tasks import task_of

ENVELOPE = '{"userId":"u","sessionId":"s"}'


def event(event_id: str) -> StagedEvent:
    return StagedEvent(event_id, ENVELOPE.encode(), f'{{"eventId":"{event_id}"}}'.encode())


def test_a_run_without_dead_letters_has_an_empty_dataset_with_the_columns(tmp_path: Path) -> None:
    prepare_folder(str(tmp_path), "2026.run")
    table = ds.dataset(tmp_path / "runs" / "2026.run" / "dead_letters", format="parquet").to_table()
    assert table.num_rows == 0
    assert table.schema.names == ["event_id", "body", "error_code", "error_message", "attempts", "envelope"]
    assert dead_letter_count(str(tmp_path), "2026.run", "exec1") == 0


def test_a_dead_letter_is_written_whole_whatever_the_service_left_out(tmp_path: Path) -> None:
    prepare_folder(str(tmp_path), "2026.run")
    letters = DeadLetters(task_of(tmp_path), "a1")
    letters.add(event("e1"), "InvalidInputException", "Bad property.", 3)
    letters.add(event("e2"), None, None, 8)
    letters.close()
    table = ds.dataset(tmp_path / "runs" / "2026.run" / "dead_letters", format="parquet").to_table()
    assert table.schema.equals(DEAD_LETTERS_SCHEMA)
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        ("e1", '{"eventId":"e1"}', "InvalidInputException", "Bad property.", 3, ENVELOPE),
        ("e2", '{"eventId":"e2"}', None, None, 8, ENVELOPE),
    ]
    assert dead_letter_count(str(tmp_path), "2026.run", "exec1") == 2
    assert dead_letter_count(str(tmp_path), "2026.run", "exec2") == 0


def test_a_retried_task_does_not_give_up_an_event_twice(tmp_path: Path) -> None:
    letters = DeadLetters(task_of(tmp_path), "a1").start()
    letters.add(event("e1"), "X", None, 1)
    letters.close()
    retry = DeadLetters(task_of(tmp_path), "a2")
    assert "e1" in retry.settled_before()
    assert "e2" not in retry.settled_before()
    assert retry.failure is None
