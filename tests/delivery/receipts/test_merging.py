"""Segments that become one file: no crash, no reader and no listing in between miscounts an event."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.storage import Folder
from tests.delivery.receipts.ledgers import (
    StopsAfter,
    accepted_count,
    events,
    files,
    flush,
    merging,
    rows,
    unmerged,
)


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
