"""The first events of a stage are a beginning of it: never more than was asked for, and cut at one place."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from core.errors import StorageError
from jobs.steps.staged_files import StagedFile, first_events, staged_files
from tests.sources.bucket import bucket

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


def test_a_stage_that_can_not_be_read_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It had been an unexpected error, with its trace."""
    slow = ClientError({"Error": {"Code": "SlowDown"}}, "ListObjectsV2")
    bucket(monkeypatch, (), {"out/runs/1/stage/": slow})
    with pytest.raises(StorageError, match=r"could not read s3://shop/out/runs/1/stage: S3 asks for fewer"):
        staged_files("s3://shop/out/runs/1/stage")


def files_of(rows: list[int]) -> tuple[StagedFile, ...]:
    return tuple(StagedFile(f"file-{number}", "send", count) for number, count in enumerate(rows))
