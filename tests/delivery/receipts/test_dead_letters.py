"""Dead letters: readable from the start, whole, and known to a retry of the task."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow.dataset as ds
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.packing import StagedEvent
from delivery.receipts.dead_letters import DEAD_LETTERS_SCHEMA, DeadLetters, dead_letter_count, prepare_folder
from delivery.receipts.ledger import Ledger, accepted_count
from delivery.service.answer import refusal
from tests.delivery.tasks import task_of

ENVELOPE = '{"userId":"u","sessionId":"s"}'


def event(event_id: str) -> StagedEvent:
    return StagedEvent(event_id, ENVELOPE.encode(), f'{{"eventId":"{event_id}"}}'.encode())


def test_a_run_without_dead_letters_has_an_empty_dataset_with_the_columns(tmp_path: Path) -> None:
    prepare_folder(str(tmp_path), "2026.run")
    table = ds.dataset(tmp_path / "runs" / "2026.run" / "dead_letters", format="parquet").to_table()
    assert table.num_rows == 0
    assert table.schema.names == ["event_id", "body", "error_code", "error_message", "attempts", "envelope"]
    assert dead_letter_count(str(tmp_path), "tracker", "2026.run", "exec1") == 0


def test_a_dead_letter_is_written_whole_where_the_service_left_parts_out(tmp_path: Path) -> None:
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
    assert dead_letter_count(str(tmp_path), "tracker", "2026.run", "exec1") == 2
    assert dead_letter_count(str(tmp_path), "tracker", "2026.run", "exec2") == 0


def test_a_refusal_whose_message_is_cut_within_a_character_is_recorded(tmp_path: Path) -> None:
    """Such a message ended the thread that writes: no dead letter, and the same in each later run."""
    answer = refusal(400, "InvalidInputException", rb'{"message":"bad item \ud83d"}')
    letters = DeadLetters(task_of(tmp_path), "a1")
    letters.add(event("e1"), answer.code, answer.message, 1)
    letters.close()
    assert dead_letter_count(str(tmp_path), "tracker", "2026.run", "exec1") == 1


def test_a_retried_task_does_not_give_up_an_event_twice(tmp_path: Path) -> None:
    letters = DeadLetters(task_of(tmp_path), "a1").start()
    letters.add(event("e1"), "X", None, 1)
    letters.close()
    retry = DeadLetters(task_of(tmp_path), "a2")
    assert "e1" in retry.settled_before()
    assert "e2" not in retry.settled_before()
    assert retry.failure is None


class Attempt:
    """One attempt of a sending task, as far as its records go; it dies by not being used any more."""

    def __init__(self, output: Path, token: str) -> None:
        task = task_of(output)
        self.records = Ledger(task, token), DeadLetters(task, token)
        before = [record.settled_before() for record in self.records]
        self.settled = {name for name in EVENTS if any(name in ids for ids in before)}
        self.is_closed = False

    def settle(self, name: str, *, delivered: bool) -> None:
        ledger, letters = self.records
        if name in self.settled:
            return
        self.settled.add(name)
        if delivered:
            ledger.accepted([event(name)], 1.0)
        else:
            letters.add(event(name), "HTTP 503", None, 8)

    def flush(self) -> None:
        for record in self.records:
            record._writer.tick()

    def close(self) -> None:
        for record in self.records:
            record.close()
        self.is_closed = True


EVENTS = "abcdef"
steps = st.lists(
    st.tuples(
        st.integers(0, 2), st.sampled_from([*EVENTS, "flush", "close", "flush", "close"]), st.booleans()
    ),
    max_size=40,
)


@settings(max_examples=100, deadline=None)
@given(steps)
def test_each_event_counts_once_and_delivered_wins_over_any_attempts(
    story: list[tuple[int, str, bool]],
) -> None:
    """The attempts know nothing of each other."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder)
        attempts: dict[int, Attempt] = {}
        for number, what, delivered in story:
            attempt = attempts.get(number) or attempts.setdefault(number, Attempt(output, f"a{number}"))
            if attempt.is_closed:
                continue
            if what in EVENTS:
                attempt.settle(what, delivered=delivered)
            else:
                getattr(attempt, what)()
        stored = [
            {row["event_id"] for row in ds.dataset(place, format="parquet").to_table().to_pylist()}
            for place in (output / "ledger", output / "runs" / "2026.run" / "dead_letters")
            if place.exists() or not place.mkdir(parents=True)
        ]
        assert accepted_count(folder, "tracker", "exec1") == len(stored[0])
        assert dead_letter_count(folder, "tracker", "2026.run", "exec1") == len(stored[1] - stored[0])


def test_an_event_that_another_attempt_delivered_counts_as_no_dead_letter(tmp_path: Path) -> None:
    thought_dead, next_one = Attempt(tmp_path, "a1"), Attempt(tmp_path, "a2")
    for name in "ab":
        thought_dead.settle(name, delivered=False)
    next_one.settle("b", delivered=True)
    for attempt in (next_one, thought_dead):
        attempt.close()
    assert accepted_count(str(tmp_path), "tracker", "exec1") == 1
    assert dead_letter_count(str(tmp_path), "tracker", "2026.run", "exec1") == 1


def test_what_two_attempts_gave_up_counts_once_after_a_third_has_merged_it(tmp_path: Path) -> None:
    for attempt in [Attempt(tmp_path, "a1"), Attempt(tmp_path, "a2")]:
        attempt.settle("a", delivered=False)
        attempt.flush()
    Attempt(tmp_path, "a3").close()
    assert dead_letter_count(str(tmp_path), "tracker", "2026.run", "exec1") == 1
