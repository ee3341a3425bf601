"""Folders of tables are kept out of a listing, however the source's path leads there; nothing is read of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from core.errors import InputError
from sources.listing import check_paths, list_files
from sources.tables.formats import table_format
from tests.sources.bucket import bucket, denied

MARKS = {
    "_delta_log/00000000000000000000.json": "Delta Lake",
    ".hoodie/hoodie.properties": "Apache Hudi",
    "metadata/v1.metadata.json": "Apache Iceberg",
}


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("PAR1")
    return path


def refused(*paths: Path | str, pruned: bool = False) -> str:
    def keep_all(folders: Any) -> list[bool]:  # noqa: ANN401
        return [False] * len(folders)

    with pytest.raises(InputError) as caught:
        list_files([str(path) for path in paths], keep_all if pruned else None)
    return str(caught.value)


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("pattern", ["*/day=1", "ev*/*/*.parquet", "{events,plain}/day=*", "*/*/a.*"])
@pytest.mark.parametrize("pruned", [False, True])
def test_a_pattern_that_does_not_match_the_mark_of_a_table(
    tmp_path: Path, mark: str, pattern: str, *, pruned: bool
) -> None:
    touch(tmp_path / "events" / mark)
    touch(tmp_path / "events" / "day=1" / "a.parquet")
    sentence = refused(f"{tmp_path}/{pattern}", pruned=pruned)
    assert f"{tmp_path}/events is the folder of a table of {MARKS[mark]}" in sentence


@pytest.mark.parametrize("mark", MARKS)
def test_a_table_that_a_pattern_does_not_enter_keeps_none_from_being_read(tmp_path: Path, mark: str) -> None:
    touch(tmp_path / "events" / mark)
    touch(tmp_path / "events" / "day=1" / "a.parquet")
    touch(tmp_path / "events_plain" / "day=1" / "a.parquet")
    [file] = list_files([f"{tmp_path}/*plain/day=1"]).files
    assert file.values == {"day": "1"}


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("plain/day=1", "events/day=1"),
        ("plain", "events/day=1"),
        ("plain/a.parquet", "events/day=1/a.parquet"),
    ],
)
def test_a_link_into_a_table(tmp_path: Path, mark: str, link: str, target: str) -> None:
    touch(tmp_path / "lake" / "events" / mark)
    touch(tmp_path / "lake" / "events" / "day=1" / "a.parquet")
    (tmp_path / link).parent.mkdir(exist_ok=True)
    (tmp_path / link).symlink_to(tmp_path / "lake" / target)
    for path in ("plain", link, "pl*"):
        assert f"{tmp_path}/lake/events is the folder of a table" in refused(tmp_path / path)
    with pytest.raises(InputError, match="is the folder of a table"):
        check_paths([str(tmp_path / link)])


TABLE = ("lake/events/_delta_log/0.json", "lake/events/day=1/a.parquet")


@pytest.mark.parametrize("path", ["lake/events/day=1", "lake/events/*", "lake/events/day=1/a.parquet"])
def test_a_table_below_folders_that_may_not_be_listed(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """A role's `s3:prefix` ends at the lake: the levels above are denied, and each is looked up by itself."""
    bucket(monkeypatch, TABLE, {"_delta_log/": denied(), "lake/_delta_log/": denied()})
    assert "lake/events is the folder of a table of Delta Lake" in refused(f"s3://bucket/{path}")


def test_a_level_whose_look_up_fails_is_not_taken_for_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = ClientError({"Error": {"Code": "SlowDown"}}, "ListObjectsV2")
    for error, words in (
        (slow, "S3 asks for fewer requests"),
        (ReadTimeoutError(endpoint_url=""), "S3 does not answer"),
    ):
        bucket(monkeypatch, TABLE, {"lake/events/_delta_log/": error})
        sentence = refused("s3://bucket/lake/events/day=1")
        assert sentence.startswith("source.path s3://bucket/lake/events/day=1: can't be listed: ")
        assert words in sentence
        with pytest.raises(InputError, match="can't be listed"):
            table_format("s3://bucket/lake/events")


def test_a_role_that_may_list_the_source_alone_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is denied a HEAD of what is not there: that is allowed by ListBucket without a prefix alone."""
    fails = {
        f"{above}{mark}/": denied()
        for above in ("", "logs/")
        for mark in ("_delta_log", ".hoodie", "metadata")
    }
    seen = bucket(monkeypatch, ("logs/day=1/a.parquet",), fails)
    assert table_format("s3://bucket/logs/day=1") is None
    assert len(list_files(["s3://bucket/logs/day=1"]).files) == 1
    assert len(seen.asked) == 10


def test_a_folder_in_which_no_mark_may_be_looked_for_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket(monkeypatch, TABLE, {"lake/events/_delta_log/": denied()})
    assert "can't be listed: access is denied" in refused("s3://bucket/lake/events")
