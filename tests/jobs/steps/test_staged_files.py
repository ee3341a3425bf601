"""The first events of a stage are a beginning of it: never more than was asked for, and cut at one place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jobs.steps.staged_files import StagedFile, first_events

ROWS = st.lists(st.integers(1, 50), max_size=12)


@given(ROWS, st.integers(1, 700))
def test_exactly_as_many_events_as_asked_for_or_all_are_kept(rows: list[int], events: int) -> None:
    kept = first_events(files_of(rows), events)
    assert sum(file.rows for file in kept) == min(events, sum(rows))
    assert all(file.rows > 0 for file in kept)


@given(ROWS, st.integers(1, 700))
def test_only_the_last_of_the_files_is_cut(rows: list[int], events: int) -> None:
    files = files_of(rows)
    kept = first_events(files, events)
    assert [file.url for file in kept] == [file.url for file in files[: len(kept)]]
    assert kept[:-1] == files[: len(kept) - 1] if kept else not files


def files_of(rows: list[int]) -> tuple[StagedFile, ...]:
    return tuple(StagedFile(f"file-{number}", "send", count) for number, count in enumerate(rows))
