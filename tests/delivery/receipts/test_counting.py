"""What the segments of an execution count for: two attempts, foreign files, and files that go while they are read."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import StorageError
from core.storage import Folder
from delivery.receipts.ledger import Ledger
from delivery.receipts.segments import Segment
from tests.delivery.receipts.ledgers import accepted_count, events, folder_of, unmerged
from tests.delivery.tasks import task_of


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
