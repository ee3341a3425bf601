"""The first events of a stage are a beginning of it: never more than was asked for, and cut at one place."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from core.errors import StorageError
from jobs.steps.staged_files import StagedFile, count_groups, first_events, staged_files
from tests.sources.bucket import bucket

GROUPS = st.lists(
    st.lists(st.tuples(st.booleans(), st.sampled_from([None, 0, 1, -(2**63)])), max_size=6), max_size=3
)
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


@given(GROUPS, st.integers(1, 4))
def test_rows_are_counted_by_their_values_in_all_files_and_row_groups(
    rows: list[list[tuple[bool, int | None]]], rows_of_group: int
) -> None:
    with TemporaryDirectory() as folder:
        files = written(Path(folder), rows, rows_of_group)
        counts = count_groups(files, ["number", "flag"])
    assert counts == Counter((number, flag) for file in rows for flag, number in file)


def test_of_one_row_group_no_more_groups_are_taken_than_say_that_there_are_too_many(tmp_path: Path) -> None:
    """A million users in one row group were a million tuples in the driver, for each file that it reads at once."""
    files = written(tmp_path, [[(number % 2 == 0, number) for number in range(1000)]], 1000)
    assert len(count_groups(files, ["number"], 10)) == 11


@given(GROUPS, st.integers(0, 6))
def test_counting_ends_with_more_groups_than_wanted(
    rows: list[list[tuple[bool, int | None]]], max_groups: int
) -> None:
    """Their values would otherwise fill the driver's memory."""
    different = len({pair for file in rows for pair in file})
    with TemporaryDirectory() as folder:
        found = len(count_groups(written(Path(folder), rows, 1), ["number", "flag"], max_groups))
    assert (found > max_groups) == (different > max_groups)
    if different > max_groups:
        assert found <= max_groups + len(rows), "a file's row groups after the first too many were read"


def written(
    folder: Path, rows: list[list[tuple[bool, int | None]]], rows_of_group: int
) -> tuple[StagedFile, ...]:
    schema = pa.schema([("flag", pa.bool_()), ("other", pa.string()), ("number", pa.int64())])
    for number, file in enumerate(rows):
        table = pa.Table.from_pylist(
            [{"flag": flag, "other": "x", "number": value} for flag, value in file], schema
        )
        pq.write_table(table, folder / f"{number}.parquet", row_group_size=rows_of_group)
    return tuple(StagedFile(str(folder / f"{n}.parquet"), "send", len(file)) for n, file in enumerate(rows))


def test_a_stage_that_can_not_be_read_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It had been an unexpected error, with its trace."""
    slow = ClientError({"Error": {"Code": "SlowDown"}}, "ListObjectsV2")
    bucket(monkeypatch, (), {"out/runs/1/stage/": slow})
    with pytest.raises(StorageError, match=r"could not read s3://shop/out/runs/1/stage: S3 asks for fewer"):
        staged_files("s3://shop/out/runs/1/stage")


def files_of(rows: list[int]) -> tuple[StagedFile, ...]:
    return tuple(StagedFile(f"file-{number}", "send", count) for number, count in enumerate(rows))
