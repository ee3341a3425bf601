"""What `key=value` folders add, and that every file below the path is read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from core.errors import InputError
from sources.folders import Values, folder_of, folder_values
from sources.listing import list_files
from tests.sources.lake import filtered, find, frame, values, write

ROW = {"user": ["u"]}


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("s3://bucket", "s3://bucket/"),
        ("s3://bucket/logs/", "s3://bucket/logs/"),
        ("s3a://bucket/logs/day=1", "s3a://bucket/logs/"),
        ("s3://bucket/logs/year=1/month=*/", "s3://bucket/logs/"),
        ("s3://bucket/logs/*/a.parquet", "s3://bucket/logs/"),
        ("s3://bucket/logs/{day=1,day=2}", "s3://bucket/logs/"),
        ("s3://bucket/env=prod/logs", "s3://bucket/env=prod/logs/"),
        ("s3://bucket/day=1", "s3://bucket/"),
        ("file:///data/a.parquet", "file:///data/"),
        ("/data/logs", "file:/data/logs/"),
        ("/day=1", "file:/"),
    ],
)
def test_columns_count_from_the_folder_above_the_first_of_them(path: str, folder: str) -> None:
    assert folder_of(path) == folder


def test_a_relative_path_is_local() -> None:
    assert folder_of("logs/day=1") == f"file:{Path.cwd()}/logs/"


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        ("day=00042", {"day": "00042"}),
        ("a=1e5/b=-0", {"a": "1e5", "b": "-0"}),
        ("shop/day=1", {"day": "1"}),
        ("day=__HIVE_DEFAULT_PARTITION__", {"day": None}),
        ("at=10%3A15", {"at": "10:15"}),
        ("country=Espa%C3%B1a", {"country": "España"}),
        ("country=España", {"country": "España"}),
        ("rate=100%25", {"rate": "100%"}),
        ("rate=100%", {"rate": "100%"}),
        ("x=%ff", {"x": "%ff"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=b+c", {"a": "b+c"}),
        ("=x/plain", {}),
    ],
)
def test_a_folders_value_is_its_text(folders: str, expected: dict[str, str | None]) -> None:
    assert folder_values(folders) == expected


def test_one_key_twice_in_a_path_is_refused() -> None:
    with pytest.raises(InputError, match="two values of Day"):
        folder_values("day=1/Day=2")


def values_of(*paths: str) -> list[dict[str, str | None]]:
    return [dict(footer.file.values) for footer in find(*paths).footers.footers]


@pytest.mark.parametrize("pattern", ["logs/*/events", "logs/{a,b}/events/day=*", "logs/a/events"])
def test_every_folder_of_a_path_counts(tmp_path: Path, pattern: str) -> None:
    write(tmp_path / "env=prod" / "logs" / "a" / "events" / "day=1" / "a.parquet", ROW)
    assert values_of(f"{tmp_path}/env=prod/{pattern}") == [{"env": "prod", "day": "1"}]


@pytest.mark.parametrize("inner", ["000000_0", "batch_a", "batch_a/part-0", "*", "batch_[a]/*"])
def test_a_path_below_a_key_value_folder_has_its_value(tmp_path: Path, inner: str) -> None:
    """Without it, a filter on `day` would drop the rows of this path alone, in a list of paths."""
    file = tmp_path / "day=1" / ("000000_0" if inner == "000000_0" else "batch_a/part-0")
    write(file, ROW)
    write(tmp_path / "day=2" / "000000_0", ROW)
    assert values_of(f"{tmp_path}/day=1/{inner}", f"{tmp_path}/day=2") == [{"day": "1"}, {"day": "2"}]
    assert values_of(f"{tmp_path}/day=[1]/{inner}") == [{"day": "1"}]


def test_the_innermost_of_one_key_counts_where_the_path_names_the_outer(tmp_path: Path) -> None:
    write(tmp_path / "Env=prod" / "logs" / "env=test" / "a.parquet", ROW)
    assert values_of(f"{tmp_path}/Env=prod/logs") == [{"env": "test"}]
    assert values_of(f"{tmp_path}/Env=prod/logs/env=test") == [{"env": "test"}]
    with pytest.raises(InputError, match="two values of env"):
        find(tmp_path)


def test_a_filter_prunes_by_the_folders_that_a_pattern_matches(tmp_path: Path) -> None:
    """Not by those above: all files of the path are in them."""
    for day in ("1", "2"):
        write(tmp_path / "env=prod" / f"day={day}" / "000000_0", ROW)
    asked: list[dict[str, str | None]] = []

    def excluded(folders: Sequence[Values]) -> list[bool]:
        asked.extend(map(dict, folders))
        return [folder.get("day") == "2" for folder in folders]

    listing = list_files([f"{tmp_path}/env=prod/day=*/000000_0"], excluded)
    assert [file.values for file in listing.files] == [{"env": "prod", "day": "1"}]
    assert asked == [{"day": "1"}, {"day": "2"}]


@pytest.mark.spark
@pytest.mark.parametrize(
    "value", ["00042", "1e5", "12d", "1.10", "-0", "00", "A1", "2026-01-01", "true", "null"]
)
def test_a_folders_value_reaches_spark_as_it_is_written(
    spark: SparkSession, tmp_path: Path, value: str
) -> None:
    write(tmp_path / f"item_id={value}" / "a.parquet", ROW)
    assert values(frame(spark, tmp_path), "item_id") == [value]


@pytest.mark.spark
def test_another_folder_changes_no_value(spark: SparkSession, tmp_path: Path) -> None:
    for value in ("00042", "A1"):
        write(tmp_path / f"item_id={value}" / "a.parquet", ROW)
    assert values(frame(spark, tmp_path), "item_id") == ["00042", "A1"]


@pytest.mark.spark
def test_files_next_to_and_below_folders_of_any_depth_are_all_read(
    spark: SparkSession, tmp_path: Path
) -> None:
    write(tmp_path / "2024.parquet", {"user": ["a"] * 5})
    write(tmp_path / "day=2026-01-01" / "a.parquet", {"user": ["b"]})
    write(tmp_path / "day=2026-01-01" / "hour=01" / "a.parquet", {"user": ["c"]})
    write(tmp_path / "hour=02" / "day=2026-01-02" / "a.parquet", {"user": ["d"]})
    write(tmp_path / "shop_a" / "day=2026-01-03" / "a.parquet", {"user": ["e"]})
    write(tmp_path / "shop_b" / "day=2026-01-03" / "a.parquet", {"user": ["f"]})
    write(tmp_path / "plain" / "deeper" / "a.parquet", {"user": ["g"]})
    rows = frame(spark, tmp_path)
    assert values(rows, "user", "day", "hour") == sorted(
        [
            *[("a", None, None)] * 5,
            ("b", "2026-01-01", None),
            ("c", "2026-01-01", "01"),
            ("d", "2026-01-02", "02"),
            ("e", "2026-01-03", None),
            ("f", "2026-01-03", None),
            ("g", None, None),
        ],
        key=repr,
    )


@pytest.mark.spark
def test_spark_reads_the_very_files_that_were_listed(spark: SparkSession, tmp_path: Path) -> None:
    names = ["a[1]{b}.parquet", "b c%20d#é.parquet", "x:y.parquet", "000000_0", "day=1/c.parquet"]
    for name in names:
        write(tmp_path / name, ROW)
    rows = frame(spark, tmp_path)
    path = spark._jvm.org.apache.hadoop.fs.Path  # type: ignore[union-attr]
    listed = [footer.file.url for footer in find(tmp_path).footers.footers]
    assert sorted(rows.inputFiles()) == sorted(path(url).toUri().toString() for url in listed)
    assert rows.count() == len(names)


@pytest.mark.spark
@pytest.mark.parametrize(
    "condition", ["month in ('01', '02')", "concat(year, month, day) between '20260105' and '2026021'"]
)
def test_a_filter_on_folders_sees_text(spark: SparkSession, tmp_path: Path, condition: str) -> None:
    for month in ("01", "02", "03"):
        write(tmp_path / f"year=2026/month={month}/day=05/a.parquet", ROW)
    rows, _ = filtered(spark, tmp_path, condition)
    assert values(rows, "month") == ["01", "02"]


@pytest.mark.spark
def test_a_files_own_column_outranks_its_folder(spark: SparkSession, tmp_path: Path) -> None:
    at = datetime(2026, 1, 1, 10, 15, 30)  # noqa: DTZ001 - as pandas writes it
    write(
        tmp_path / "event_date=2026-01-01" / "user_id=mixed" / "a.parquet",
        {"event_date": [at], "user_id": ["alice"]},
    )
    assert values(frame(spark, tmp_path), "event_date", "user_id") == [(at, "alice")]


@pytest.mark.spark
def test_where_only_some_files_have_the_column_each_value_is_its_own(
    spark: SparkSession, tmp_path: Path
) -> None:
    write(tmp_path / "user_id=mixed" / "a.parquet", {"user_id": ["alice", None], "i": [1, 2]})
    write(tmp_path / "user_id=bob" / "b.parquet", {"i": [3]})
    assert values(frame(spark, tmp_path), "i", "user_id") == [(1, "alice"), (2, None), (3, "bob")]


@pytest.mark.spark
def test_a_column_that_is_text_in_a_folder_and_a_time_in_a_file_is_refused(
    spark: SparkSession, tmp_path: Path
) -> None:
    write(tmp_path / "d=2026-01-01" / "a.parquet", {"d": [datetime(2026, 1, 1)], "i": [1]})  # noqa: DTZ001
    write(tmp_path / "d=2026-01-02" / "b.parquet", {"i": [3]})
    with pytest.raises(
        InputError,
        match=r"differ in column d: timestamp without time zone in .*a\.parquet, string in .*b\.par",
    ):
        frame(spark, tmp_path, uses="d")
    assert frame(spark, tmp_path, uses="i").count() == 2


@pytest.mark.spark
def test_only_the_folders_that_the_filter_leaves_are_looked_at(spark: SparkSession, tmp_path: Path) -> None:
    for day in range(1, 32):
        write(tmp_path / f"day=2026-01-{day:02}" / "a.parquet", ROW)
    (tmp_path / "day=2026-01-20" / "b.parquet").write_text("not looked at")
    rows, files = filtered(spark, tmp_path, "day = '2026-01-05' and user is not null")
    assert (rows.count(), files.count) == (1, 1)


@pytest.mark.spark
def test_a_filter_on_a_files_own_column_excludes_no_folder(spark: SparkSession, tmp_path: Path) -> None:
    """The folder's name says another day than the rows in it: the file's own value counts."""
    write(tmp_path / "day=1" / "a.parquet", {"day": ["2"]})
    write(tmp_path / "day=2" / "a.parquet", {"day": ["1"]})
    rows, _ = filtered(spark, tmp_path, "day = '2'")
    assert values(rows, "day") == ["2"]


@pytest.mark.spark
def test_a_filter_that_leaves_no_folder_leaves_the_columns(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path / "day=1" / "a.parquet", ROW)
    rows, _ = filtered(spark, tmp_path, "day = '9'")
    assert (rows.columns, rows.count()) == (["user", "day"], 0)


@pytest.mark.spark
@pytest.mark.parametrize(
    "condition", ["day is null", "coalesce(day, '9') = '9'", "day is null and user = 'u'"]
)
def test_a_filter_may_leave_those_files_alone_that_lack_the_folders_column(
    spark: SparkSession, tmp_path: Path, condition: str
) -> None:
    """The column had gone with the folders that the filter excludes, and could not be resolved."""
    for folder in ("day=1", "day=2", "day=3", "plain"):
        write(tmp_path / folder / "a.parquet", ROW)
    (tmp_path / "day=2" / "b.parquet").write_text("not looked at")
    rows, _ = filtered(spark, tmp_path, condition)
    assert values(rows, "day") == [None]


@pytest.mark.spark
@pytest.mark.parametrize(
    "condition",
    [
        "day = 1 or user = 'x'",
        "not (day = 2)",
        "day is null",
        "coalesce(day, '1') = 1",
        "day rlike '1' and (user = 'u')",
    ],
)
def test_pruning_never_changes_what_a_filter_leaves(
    spark: SparkSession, tmp_path: Path, condition: str
) -> None:
    for folder in ("day=1", "day=2", "day=__HIVE_DEFAULT_PARTITION__", "plain"):
        write(tmp_path / folder / "a.parquet", {"user": ["x", "u"]})
    write(tmp_path / "b.parquet", {"user": ["x", "u"]})
    rows, _ = filtered(spark, tmp_path, condition)
    assert values(rows, "user", "day") == values(frame(spark, tmp_path).where(condition), "user", "day")
