"""What a filter on folders looks at: the folders that it leaves, and two files of those that it excludes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

import pytest

from core.errors import InputError
from sources.finding import SourceFiles, find_files
from sources.folders import Values
from sources.listing import list_files
from sources.parquet.kinds import Kind
from sources.pruning import FolderFilter
from tests.sources.bucket import bucket, denied
from tests.sources.lake import write

ROW = {"user": ["u"]}


class Day:
    """The filter `day = …`, without Spark."""

    applies = True

    def __init__(self, day: str) -> None:
        self._day = day

    def excluded(self, folders: Sequence[Values]) -> list[bool]:
        return ["day" in values and values["day"] != self._day for values in folders]

    def names_column_of(self, layouts: Iterable[Mapping[str, Kind]]) -> bool:
        return any("day" in layout for layout in layouts)

    def names_column_beyond(self, folders: Iterable[Values]) -> bool:
        return not any("day" in values for values in folders)


def found(path: Path, day: str) -> SourceFiles:
    return find_files([str(path)], cast("FolderFilter", Day(day)))


def test_a_damaged_file_that_the_filter_excludes_ends_no_run(tmp_path: Path) -> None:
    for day in ("1", "2", "3"):
        write(tmp_path / f"day={day}" / "a.parquet", ROW)
    (tmp_path / "day=1" / "a.parquet").write_text("no Parquet, and not read")
    assert found(tmp_path, "2").count == 1
    assert found(tmp_path, "4").footers.footers[0].file.values == {"day": "3"}
    (tmp_path / "day=3" / "a.parquet").write_text("no Parquet either")
    assert found(tmp_path, "2").count == 1
    (tmp_path / "day=2" / "a.parquet").write_text("nor that")
    with pytest.raises(InputError, match=r"day=1/a\.parquet: not Parquet, or damaged"):
        found(tmp_path, "4")


def test_a_column_of_their_own_in_a_sample_has_all_files_read(tmp_path: Path) -> None:
    """Also where the other sample is damaged."""
    write(tmp_path / "day=1" / "a.parquet", {"day": ["2"]})
    write(tmp_path / "day=2" / "a.parquet", ROW)
    (tmp_path / "day=3").mkdir()
    (tmp_path / "day=3" / "a.parquet").write_text("no Parquet")
    with pytest.raises(InputError, match=r"day=3/a\.parquet: not Parquet, or damaged"):
        found(tmp_path, "2")


@pytest.mark.parametrize("denied_day", ["1", "3"])
def test_an_excluded_folder_that_may_not_be_listed_is_no_sample(
    monkeypatch: pytest.MonkeyPatch, denied_day: str
) -> None:
    keys = tuple(f"logs/day={day}/a.parquet" for day in (1, 2, 3))
    bucket(monkeypatch, keys, {f"logs/day={denied_day}/": denied()})
    listing = list_files(["s3://shop/logs"], Day("2").excluded)
    assert [file.values for file in listing.files] == [{"day": "2"}]
    assert [file.values for file in listing.samples] == [{"day": "13".replace(denied_day, "")}]


def test_of_many_paths_those_that_the_filter_excludes_are_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the first and the last of them, of which one file each is a sample."""
    seen = bucket(monkeypatch, tuple(f"logs/day={day}/a.parquet" for day in range(9)))
    paths = [f"s3://shop/logs/day={day}" for day in range(8)] + ["s3://shop/logs/day=8/a.parquet"]
    listing = list_files(paths, Day("2").excluded)
    assert [file.values["day"] for file in listing.files] == ["2"]
    assert [file.values["day"] for file in listing.samples] == ["0", "8"]
    assert not {f"logs/day={day}/" for day in (1, 3, 4, 5, 6, 7)} & set(seen.asked)
