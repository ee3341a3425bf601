"""The ledger and its segments: what is recorded, when, and that it is counted right after any crash."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import StorageError
from core.storage import Folder
from delivery.packing import StagedEvent
from delivery.receipts import segment_writer
from delivery.receipts.ledger import LEDGER_SCHEMA, Ledger, ledger_folder
from delivery.receipts.ledger import accepted_count as accepted_by
from delivery.receipts.segment_writer import FLUSH_SECONDS, STUCK_SECONDS
from delivery.receipts.segments import Segment
from delivery.receipts.settled import SettledIds
from tests.delivery.tasks import task_of

SENT_AT = 1_703_980_800


def flush(ledger: Ledger) -> float:
    return ledger._writer.tick()


def files(output: Path) -> list[str]:
    return ledger_folder(str(output), "tracker").names()


def folder_of(output: Path) -> Path:
    return Path(ledger_folder(str(output), "tracker").url)


def accepted_count(output: str, execution: str) -> int:
    return accepted_by(output, "tracker", execution)


def events(*ids: str) -> list[StagedEvent]:
    """Accepted events, whose own time is a day before 2024."""
    return [StagedEvent(each, b"", b"", SENT_AT) for each in ids]


def merging(output: Path, attempt: str) -> Ledger:
    """A writer that merges, as those of dead letters do."""
    ledger = Ledger(task_of(output), attempt)
    ledger._writer._merges = True
    return ledger


def rows(output: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = ds.dataset(output / "ledger", format="parquet").to_table().to_pylist()
    return found


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


def test_a_first_attempt_finds_nothing_settled(tmp_path: Path) -> None:
    assert len(Ledger(task_of(tmp_path), "a1").settled_before()) == 0


def test_the_count_of_an_execution_leaves_out_other_executions(tmp_path: Path) -> None:
    for execution, ids in (("exec1", ["a", "b"]), ("exec2", ["c"])):
        ledger = Ledger(task_of(tmp_path, execution=execution), "a1")
        ledger.accepted(events(*ids), 1.0)
        ledger.close()
    assert accepted_count(str(tmp_path), "exec1") == 2
    assert accepted_count(str(tmp_path), "never") == 0


def test_an_event_that_two_attempts_of_a_task_sent_counts_once(tmp_path: Path) -> None:
    zombie, retry = Ledger(task_of(tmp_path), "a1"), Ledger(task_of(tmp_path), "a2")
    zombie.accepted(events("e1", "e2"), 1.0)
    retry.accepted(events("e2", "e3"), 1.0)
    zombie.close()
    retry.close()
    assert accepted_count(str(tmp_path), "exec1") == 3


class StopsAfter:
    """Lets so many storage calls through and then fails them all, as a process that is killed there would."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def around(self, call: Callable[..., None]) -> Callable[..., None]:
        def counted(*arguments: object) -> None:
            if self.left <= 0:
                raise StorageError("killed")
            self.left -= 1
            call(*arguments)

        return counted


@pytest.mark.parametrize("calls", range(6))
def test_a_crash_anywhere_between_merging_and_deleting_miscounts_nothing(
    calls: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = merging(tmp_path, "a1")
    for number in range(4):
        ledger.accepted(events(f"e{number}"), 1.0)
        flush(ledger)
    crash = StopsAfter(calls)
    with monkeypatch.context() as patched:
        patched.setattr(Folder, "write_bytes", crash.around(Folder.write_bytes))
        patched.setattr(Folder, "delete_files", crash.around(Folder.delete_files))
        ledger.close()
    assert accepted_count(str(tmp_path), "exec1") == 4
    assert {row["event_id"] for row in rows(tmp_path)} == {f"e{number}" for number in range(4)}
    retry = merging(tmp_path, "a2")
    assert all(f"e{number}" in retry.settled_before() for number in range(4))
    retry.accepted(events("e4"), 2.0)
    retry.close()
    assert accepted_count(str(tmp_path), "exec1") == 5
    assert files(tmp_path) == ["part-2026.run.exec1.0.a2.all.parquet"]
    assert len(rows(tmp_path)) == 5


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
    with pytest.raises(StorageError, match="does not end"):
        ledger.close()
    [thread] = [each for each in threading.enumerate() if each.name == "receipts"]
    gate.set()
    thread.join(30)
    assert not thread.is_alive()


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


def test_a_foreign_file_in_the_folder_is_not_counted(tmp_path: Path) -> None:
    folder_of(tmp_path).mkdir(parents=True)
    pq.write_table(pa.table({"event_id": ["x"]}), folder_of(tmp_path) / "part-00000-copy.parquet")
    assert accepted_count(str(tmp_path), "exec1") == 0


tokens = st.text("abcdef0123456789", min_size=1, max_size=8)


@given(st.text(min_size=1), tokens, st.integers(0, 10**6), tokens, tokens)
def test_a_segments_name_reads_back_for_any_name_of_the_run(
    run_id: str, execution: str, partition: int, attempt: str, number: str
) -> None:
    segment = Segment(run_id, execution, partition, attempt, number)
    assert Segment.parse(segment.name) == segment


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


def unmerged(output: Path, attempt: str = "z1") -> Ledger:
    """Three events of an attempt, each in a segment of its own, that `close` will merge."""
    ledger = merging(output, attempt)
    for number in range(3):
        ledger.accepted(events(f"e{number}"), 1.0)
        flush(ledger)
    return ledger


class MergesBefore:
    """A zombie that merges while somebody else reads or lists: right before the call that it is put around."""

    def __init__(self, merge: Callable[[], None]) -> None:
        self._merge = merge
        self.merged = 0

    def before(self, call: Callable[..., object]) -> Callable[..., object]:
        def merging(*arguments: object) -> object:
            if not self.merged:
                self.merged = 1
                self._merge()
            return call(*arguments)

        return merging


def test_a_reader_that_listed_segments_before_a_merge_misses_none_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zombie = unmerged(tmp_path)
    retry = merging(tmp_path, "a2")
    zombie.close()
    settled = retry.settled_before()
    assert all(f"e{number}" in settled for number in range(3))
    retry.accepted(events("e3"), 2.0)
    retry.close()
    assert files(tmp_path) == ["part-2026.run.exec1.0.a2.all.parquet"]
    assert len(rows(tmp_path)) == 4

    late = unmerged(tmp_path, "z2")
    merges = MergesBefore(late.close)
    monkeypatch.setattr(Folder, "open_input", merges.before(Folder.open_input))
    assert accepted_count(str(tmp_path), "exec1") == 4
    assert merges.merged


def test_a_listing_that_a_merge_falls_into_hides_no_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where it shows neither side."""
    zombie = unmerged(tmp_path)
    whole = Folder.names
    listings = iter([[]])  # what was there has gone before it was looked at, what came was not there yet

    def torn(folder: Folder, beginning: str = "") -> list[str]:
        try:
            names: list[str] = next(listings)
        except StopIteration:
            return whole(folder, beginning)
        with monkeypatch.context() as patched:
            patched.setattr(Folder, "names", whole)
            zombie.close()
        return names

    monkeypatch.setattr(Folder, "names", torn)
    assert accepted_count(str(tmp_path), "exec1") == 3


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


def by_two_attempts(output: Path) -> Ledger:
    """Three events of which another attempt sent one, too: what is in the files has to be compared."""
    other = Ledger(task_of(output), "other")
    other.accepted(events("e0"), 1.0)
    other.close()
    return unmerged(output)


def test_names_tell_how_many_rows_there_are_and_no_file_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unmerged(tmp_path)
    monkeypatch.setattr(Folder, "open_input", lambda *_: pytest.fail("a file was opened"))
    assert accepted_count(str(tmp_path), "exec1") == 3


def test_segments_of_earlier_versions_whose_names_tell_no_rows_are_counted(tmp_path: Path) -> None:
    unmerged(tmp_path)
    for path in folder_of(tmp_path).iterdir():
        path.rename(path.with_name(path.name.replace("-1.parquet", ".parquet")))
    assert accepted_count(str(tmp_path), "exec1") == 3


def test_a_file_that_is_gone_while_it_is_read_is_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zombie = by_two_attempts(tmp_path)
    read = pq.read_table

    def gone_on_s3(*_: object, **__: object) -> object:
        monkeypatch.setattr(pq, "read_table", read)
        zombie.close()
        raise OSError("NO_SUCH_KEY")

    monkeypatch.setattr(pq, "read_table", gone_on_s3)
    assert accepted_count(str(tmp_path), "exec1") == 3


def test_a_segment_that_stays_unreadable_is_an_error_and_not_read_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_two_attempts(tmp_path)

    def broken(*_: object, **__: object) -> None:
        raise OSError("the line broke")

    monkeypatch.setattr(pq, "read_table", broken)
    with pytest.raises(StorageError, match=r"part-2026\.run\.exec1\.0\.(z1|other)\."):
        accepted_count(str(tmp_path), "exec1")


def test_the_merged_file_is_there_before_the_first_segment_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = unmerged(tmp_path)
    seen: list[set[object]] = []
    delete = Folder.delete_files

    def looking(*arguments: object) -> None:
        seen.append({row["event_id"] for row in rows(tmp_path)})
        delete(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Folder, "delete_files", looking)
    ledger.close()
    assert seen == [{"e0", "e1", "e2"}]
