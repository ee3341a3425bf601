"""Which folders and files a path with wildcards reaches, and which it looks into for that."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from sources.listing import list_files
from sources.written_path import WrittenPath
from tests.sources.lake import find, write

COLUMNS = {"item": ["a", "b"], "at": [1, 2]}


def refused(path: str) -> str:
    with pytest.raises(InputError) as caught:
        find(path)
    return str(caught.value)


@pytest.mark.parametrize("pattern", ["*", "*/*", "[_d]*", "{day=1,_temporary}", "?*/*.parquet"])
def test_a_pattern_reaches_no_folder_that_is_hidden(tmp_path: Path, pattern: str) -> None:
    """A job that failed leaves `_temporary`: its rows are in no listing of Spark's."""
    write(tmp_path / "day=1" / "a.parquet", COLUMNS)
    write(tmp_path / "_temporary" / "b.parquet", COLUMNS)
    assert find(f"{tmp_path}/{pattern}").count == 1
    (tmp_path / "_temporary").rename(tmp_path / "_old")
    assert find(f"{tmp_path}/_old").count == find(f"{tmp_path}/_o*/*").count == 1
    if "_temporary" not in pattern:
        assert refused(f"{tmp_path}/{pattern}").startswith(
            f"source file {tmp_path}/_old/b.parquet: it is Parquet"
        )


@pytest.mark.parametrize(
    "pattern",
    ["log?/*/day=1", "log?/b/d*", "{log1,none}/[b]/day=1/*", "log1/{b/day=1,c}"],
)
@pytest.mark.parametrize("excluded", [None, lambda folders: [False] * len(folders)])
def test_a_pattern_lists_no_folder_that_it_can_not_reach(tmp_path: Path, pattern: str, excluded: Any) -> None:  # noqa: ANN401
    """Such as /proc, of a pattern in the root, or lost+found, which is closed: here a name that is no text is in it."""
    write(tmp_path / "log1" / "b" / "day=1" / "a.parquet", COLUMNS)
    for folder in ("proc", "log1/b/day=2" if pattern.endswith(("day=1", "c}", "/*")) else "log1/c"):
        (tmp_path / folder).mkdir()
        os.close(os.open(os.fsencode(tmp_path / folder) + b"/\xff", os.O_CREAT))
    assert len(list_files([f"{tmp_path}/{pattern}"], excluded).files) == 1


@pytest.mark.parametrize("pattern", ["{none,log1/b}/day=*", "{log1/b/day=1,none}", "*/{c,b/day=1/a.parquet}"])
def test_a_choice_of_several_folders_reaches_all_of_them(tmp_path: Path, pattern: str) -> None:
    write(tmp_path / "log1" / "b" / "day=1" / "a.parquet", COLUMNS)
    assert find(f"{tmp_path}/{pattern}").count == 1


def test_a_bracket_that_is_part_of_a_name_does_not_close_a_choice(tmp_path: Path) -> None:
    """The folders to list are chosen by the pattern's beginning, which here ends within the choice."""
    write(tmp_path / "x}b" / "c" / "a.parquet", COLUMNS)
    assert find(f"{tmp_path}/x\\}}{{y,b/c}}").count == 1


def test_of_the_root_a_pattern_lists_what_it_may_reach(tmp_path: Path) -> None:
    first, rest = str(tmp_path).strip("/").split("/", 1)
    write(tmp_path / "day=1" / "a.parquet", COLUMNS)
    written = WrittenPath(pattern := f"/{first[:-1]}?/{rest}", f"file:{pattern}", "/")
    assert written.leads_to(f"/{first}")
    assert written.leads_to(str(tmp_path.parent))
    assert not written.leads_to("/proc")
    assert not written.is_as_deep("/")
    assert not WrittenPath("/log*", "file:/log*", "/").is_as_deep("/")
    assert find(pattern).count == 1


def test_a_pattern_that_passes_by_a_tables_metadata_is_still_in_the_table(tmp_path: Path) -> None:
    write(tmp_path / "shop" / "data" / "a.parquet", COLUMNS)
    (tmp_path / "shop" / "metadata").mkdir()
    (tmp_path / "shop" / "metadata" / "v1.metadata.json").write_text("{}")
    assert "is the folder of a table of Apache Iceberg" in refused(f"{tmp_path}/*/data")


@pytest.mark.parametrize(
    ("pattern", "count"),
    [("day=*", 3), ("day=[12]", 2), ("day={1,3}/*.parquet", 2), ("*/a.parquet", 3), ("day=?/", 3), ("*", 3)],
)
def test_patterns_reach_what_they_reach_in_hadoop(tmp_path: Path, pattern: str, count: int) -> None:
    for day in (1, 2, 3):
        write(tmp_path / f"day={day}" / "a.parquet", COLUMNS)
    (tmp_path / "_SUCCESS").write_text("done")
    assert find(f"{tmp_path}/{pattern}").count == count


def test_a_folder_whose_name_looks_like_a_pattern_is_itself(tmp_path: Path) -> None:
    write(tmp_path / "logs[1]" / "a.parquet", COLUMNS)
    write(tmp_path / "logs1" / "a.parquet", COLUMNS)
    assert [footer.file.path for footer in find(tmp_path / "logs[1]").footers.footers] == [
        f"{tmp_path}/logs[1]/a.parquet"
    ]
