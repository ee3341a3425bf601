from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs as pafs

from transforms.errors import BadInput
from transforms.source_files import SourceFiles, check_files


def write(path: Path, columns: dict[str, Any] | None = None, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns or {"item": ["a", "b"], "at": [1, 2]}), path, **options)
    return path


def open_local(url: str) -> tuple[pafs.FileSystem, str]:
    return pafs.LocalFileSystem(), url.removeprefix("file:")


def check(*paths: Path | str) -> SourceFiles:
    return check_files([str(path) for path in paths], open_local)


def refused(*paths: Path | str) -> str:
    with pytest.raises(BadInput) as caught:
        check(*paths)
    return str(caught.value)


def test_files_bytes_rows_and_columns_are_counted(tmp_path: Path) -> None:
    files = [write(tmp_path / f"day={day}" / "a.parquet") for day in range(3)]
    found = check(tmp_path)
    assert (found.count, found.rows) == (3, 6)
    assert found.bytes == sum(file.stat().st_size for file in files)
    assert found.columns == {"item": "string", "at": "int64"}


def test_one_file_and_a_file_url_are_sources_too(tmp_path: Path) -> None:
    file = write(tmp_path / "a.parquet")
    assert check(file).count == check(f"file:{tmp_path}/").count == 1


def test_no_row_at_all_is_fine(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", {"item": pa.array([], pa.string())})
    assert check(tmp_path).rows == 0


def test_what_spark_ignores_is_ignored(tmp_path: Path) -> None:
    write(tmp_path / "_part=1" / "a.parquet")
    for name in (
        "_delta_log/0.json",
        "_SUCCESS",
        ".a.parquet.crc",
        "_temporary/0/b.parquet",
        ".x/y/c.parquet",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("no Parquet")
    (tmp_path / "_part=1" / "marker").touch()
    assert check(tmp_path).count == 1


@pytest.mark.parametrize(
    ("pattern", "count"),
    [("day=*", 3), ("day=[12]", 2), ("day={1,3}/*.parquet", 2), ("*/a.parquet", 3), ("day=?/", 3), ("*", 3)],
)
def test_patterns_reach_what_they_reach_in_spark(tmp_path: Path, pattern: str, count: int) -> None:
    for day in (1, 2, 3):
        write(tmp_path / f"day={day}" / "a.parquet")
    (tmp_path / "_SUCCESS").write_text("done")
    assert check(f"{tmp_path}/{pattern}").count == count


def test_a_path_that_is_missing_or_empty_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "nope").startswith(f"source.path {tmp_path}/nope: can't be listed")
    assert refused(tmp_path).startswith(f"source.path {tmp_path}: there is no Parquet file")
    assert "no Parquet file" in refused(f"{tmp_path}/day=*")


def test_one_good_path_does_not_excuse_another(tmp_path: Path) -> None:
    write(tmp_path / "good" / "a.parquet")
    assert "nope" in refused(tmp_path / "good", tmp_path / "nope")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"user,item\n1,2\n" * 10, b"PAR1" + b"x" * 100 + b"PAR1"])
def test_a_file_that_is_not_whole_parquet_is_named(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(content)
    assert refused(tmp_path).startswith(f"source file {tmp_path}/b.parquet: not Parquet, or damaged")


def test_a_file_that_was_cut_off_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "a.parquet")
    file.write_bytes(file.read_bytes()[:-20])
    assert str(file) in refused(tmp_path)


def test_another_format_among_the_parquet_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet")
    (tmp_path / "readme.csv").write_text("a,b")
    assert "readme.csv: not Parquet" in refused(tmp_path)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"item": ["a"], "at": ["1"]}, ["column at: int64 in ", "a.parquet, string in ", "b.parquet"]),
        ({"item": ["a"]}, ["column at: int64 in ", "missing in "]),
        ({"item": ["a"], "at": [1], "more": [1]}, ["column more: missing in ", "int64 in "]),
        ({"item": ["a"], "AT": [1]}, ["column at: int64 in "]),
    ],
)
def test_two_files_that_differ_are_both_named(
    tmp_path: Path, columns: dict[str, Any], words: Sequence[str]
) -> None:
    write(tmp_path / "a.parquet")
    write(tmp_path / "b.parquet", columns)
    sentence = refused(tmp_path)
    assert all(word in sentence for word in words)


def test_the_same_columns_by_several_writers_agree(tmp_path: Path) -> None:
    when = pa.array([1000], pa.timestamp("us", "UTC"))
    lists = pa.array([["x"]], pa.list_(pa.string()))
    write(tmp_path / "a.parquet", {"i": ["a"], "t": when, "l": lists})
    large = pa.array(["a"], pa.large_string())
    write(tmp_path / "b.parquet", {"l": lists, "i": large, "t": when.cast(pa.timestamp("ms", "UTC"))})
    encoded = pa.array(["a"]).dictionary_encode()
    options = {"use_deprecated_int96_timestamps": True, "use_compliant_nested_type": False}
    write(tmp_path / "c.parquet", {"i": encoded, "t": when, "l": lists}, **options)
    assert check(tmp_path).columns == {"i": "string", "t": "timestamp", "l[]": "string"}


def test_times_with_and_without_a_zone_differ(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", {"t": pa.array([1], pa.timestamp("us", "UTC"))})
    write(tmp_path / "b.parquet", {"t": pa.array([1], pa.timestamp("us"))})
    assert "timestamp without time zone" in refused(tmp_path)


def test_columns_in_nanoseconds_as_pandas_writes_them_are_told(tmp_path: Path) -> None:
    frame = pd.DataFrame({"at": pd.to_datetime([1], unit="s").astype("datetime64[ns]"), "item": ["a"]})
    frame.to_parquet(tmp_path / "a.parquet")
    assert check(tmp_path).nanosecond_columns == ("at",)
    frame.to_parquet(tmp_path / "a.parquet", coerce_timestamps="us")
    assert check(tmp_path).nanosecond_columns == ()


def test_nested_nanoseconds_which_spark_cannot_read_are_named(tmp_path: Path) -> None:
    nested = pa.array([[1]], pa.list_(pa.timestamp("ns")))
    write(tmp_path / "a.parquet", {"times": nested})
    assert "nested timestamp in nanoseconds" in refused(tmp_path)


def test_a_file_in_a_plain_folder_would_be_passed_over_and_the_remedy_works(tmp_path: Path) -> None:
    write(tmp_path / "2026" / "01" / "a.parquet")
    sentence = refused(tmp_path)
    assert f"write the path as {tmp_path}/*/*/ instead" in sentence
    assert check(f"{tmp_path}/*/*/").count == 1


def test_a_plain_folder_below_a_partition_is_reached(tmp_path: Path) -> None:
    write(tmp_path / "day=1" / "x" / "a.parquet")
    assert check(tmp_path).count == check(tmp_path / "day=1").count == 1


def test_a_file_that_two_paths_reach_is_named(tmp_path: Path) -> None:
    write(tmp_path / "day=1" / "a.parquet")
    assert f"{tmp_path}/day=1/a.parquet would be read 2 times" in refused(
        f"{tmp_path}/*", f"{tmp_path}/day=*"
    )


def test_a_file_in_a_bucket_is_named_by_its_url(tmp_path: Path) -> None:
    (tmp_path / "bucket" / "logs").mkdir(parents=True)
    (tmp_path / "bucket" / "logs" / "b.parquet").write_bytes(b"no")
    bucket = pafs.SubTreeFileSystem(str(tmp_path), pafs.LocalFileSystem())
    with pytest.raises(BadInput, match=r"^source file s3a://bucket/logs/b\.parquet: not Parquet"):
        check_files(["s3a://bucket/logs/"], lambda url: (bucket, url.removeprefix("s3a://").rstrip("/")))
