"""Which files are data, what is refused before Spark starts, and what footers say."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError

from core.aws import s3_filesystem
from core.errors import InputError
from sources.listing import list_files
from sources.no_data import Skipped
from tests.sources.bucket import bucket, denied
from tests.sources.lake import find, write

COLUMNS = {"item": ["a", "b"], "at": [1, 2]}


def refused(*paths: Path | str) -> str:
    with pytest.raises(InputError) as caught:
        find(*paths)
    return str(caught.value)


def test_files_bytes_and_rows_are_counted(tmp_path: Path) -> None:
    files = [write(tmp_path / f"day={day}" / "a.parquet", COLUMNS) for day in range(3)]
    found = find(tmp_path)
    assert (found.count, found.rows) == (3, 6)
    assert found.bytes == sum(file.stat().st_size for file in files)
    assert len(found.footers.layouts) == 1


def test_one_file_and_a_file_url_are_sources_too(tmp_path: Path) -> None:
    file = write(tmp_path / "a.parquet", COLUMNS)
    assert find(file).count == find(f"file:{tmp_path}/").count == find(f"file://{tmp_path}").count == 1


def test_no_row_at_all_is_fine(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", {"item": pa.array([], pa.string())})
    assert find(tmp_path).rows == 0


def test_what_is_no_data_by_its_name_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "_part=1" / "a.parquet", COLUMNS)
    names = (
        "_SUCCESS", "_metadata", "_common_metadata", ".a.parquet.crc", "_temporary/0/b.parquet", "day=1_$folder$",
        "README.txt", "manifest", "_part=1/LICENSE", ".part-0.inprogress.1", ".out.parquet.7.tmp/x", "notes.md",
    )  # fmt: skip
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("no Parquet")
    (tmp_path / "_part=1" / "marker").touch()
    found = find(tmp_path)
    assert found.count == 1
    assert sorted(found.skipped.no_data) == [
        ".part-0.inprogress.1", "LICENSE", "README.txt", "day=1_$folder$", "manifest", "notes.md",
    ]  # fmt: skip
    assert sorted(found.skipped.uncommitted) == [".out.parquet.7.tmp", "_temporary"]


def test_a_skipped_file_is_known_by_no_folder_of_the_log(tmp_path: Path) -> None:
    """A folder's value may be a user's name, and what is skipped is logged."""
    write(tmp_path / "user_id=ann" / "a.parquet", COLUMNS)
    for name in (
        "user_id=ann/_temporary/0/b.parquet",
        "_temporary/0/user_id=ann/c.parquet",
        "user_id=ann/.d",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("no Parquet")
    assert find(tmp_path).skipped == Skipped([".d"], ["_temporary", "_temporary"])


@pytest.mark.parametrize(
    "name", ["_a.parquet", ".a.parquet", "_old/a.parquet", ".x/y/a.parq", "day=1/_b.PARQUET"]
)
def test_a_data_file_that_is_hidden_is_named(tmp_path: Path, name: str) -> None:
    write(tmp_path / "good.parquet", COLUMNS)
    write(tmp_path / name, COLUMNS)
    assert refused(tmp_path).startswith(
        f"source file {tmp_path}/{name}: it is Parquet, and its name, or its folder's, says that it holds no data"
    )


@pytest.mark.parametrize(
    "name", ["_h", ".part-0", "_old/part-0", "a._COPYING_", "manifest", "events.log", "README.txt"]
)
def test_parquet_under_a_name_that_says_no_data_is_named(tmp_path: Path, name: str) -> None:
    write(tmp_path / "good.parquet", COLUMNS)
    write(tmp_path / name, COLUMNS)
    assert refused(tmp_path).startswith(f"source file {tmp_path}/{name}: it is Parquet, and its name")


@pytest.mark.parametrize("link", ["day=2", "day=1/again.parquet", "day=1/up"])
def test_a_link_to_what_is_read_already_is_named(tmp_path: Path, link: str) -> None:
    file = write(tmp_path / "day=1" / "a.parquet", COLUMNS)
    targets = {"day=2": file.parent, "day=1/again.parquet": file, "day=1/up": tmp_path}
    (tmp_path / link).symlink_to(targets[link])
    assert "by a link, and its rows would be read twice" in refused(tmp_path)


def test_a_path_that_is_another_by_a_link_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "logs" / "a.parquet", COLUMNS)
    for name, target in (("again", file.parent), ("copy.parquet", file)):
        (tmp_path / name).symlink_to(target)
        assert "by a link, and its rows would be read twice" in refused(tmp_path / "logs", tmp_path / name)
        assert find(tmp_path / name).count == 1


def test_a_link_to_elsewhere_is_read(tmp_path: Path) -> None:
    files = [write(tmp_path / "elsewhere" / name / "a.parquet", COLUMNS) for name in ("one", "two")]
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.parquet").symlink_to(files[0])
    (tmp_path / "logs" / "day=1").symlink_to(files[1].parent)
    assert find(tmp_path / "logs").count == 2


@pytest.mark.parametrize("link", ["day=1/gone.parquet", "day=1/gone", "day=2"])
def test_a_link_to_nothing_is_named(tmp_path: Path, link: str) -> None:
    """pyarrow lists no such link; git-annex leaves them in place of files that it has not fetched."""
    write(tmp_path / "day=1" / "a.parquet", COLUMNS)
    for name in (link, "day=1/.#lock", "day=1/_SUCCESS", "README"):
        (tmp_path / name).symlink_to("nowhere")
    sentence = (
        f"source file {tmp_path}/{link}: it is a link to nothing. "
        "Restore the file, or move it out of source.path."
    )
    assert refused(tmp_path) == refused(f"{tmp_path}/*") == sentence
    with pytest.raises(InputError, match="link to nothing"):
        list_files([str(tmp_path)], lambda folders: [False] * len(folders))
    assert find(f"{tmp_path}/*/a.*").count == 1


@pytest.mark.parametrize("name", ["day=1/pipe.parquet", "day=1/pipe", "pipe"])
def test_a_pipe_is_named(tmp_path: Path, name: str) -> None:
    """It was passed over in silence or, under a filter, taken for a folder."""
    write(tmp_path / "day=1" / "a.parquet", COLUMNS)
    for each in (name, "day=1/.lock", "day=1/_pipe", "README"):
        os.mkfifo(tmp_path / each)
    assert refused(tmp_path) == (
        f"source file {tmp_path}/{name}: it is a pipe, a socket or a device. "
        "Restore the file, or move it out of source.path."
    )
    with pytest.raises(InputError, match="a pipe, a socket or a device"):
        list_files([str(tmp_path)], lambda folders: [False] * len(folders))
    assert find(f"{tmp_path}/*/a.*").count == 1


@pytest.mark.parametrize(
    "path", ["{}/x/../logs", "file://{}/x/../logs", "file:{}//logs/./", "file://{}//logs/"]
)
def test_a_path_with_more_folders_than_it_has_is_the_same_source(tmp_path: Path, path: str) -> None:
    file = write(tmp_path / "logs" / "day=1" / "a.parquet", COLUMNS)
    [found] = [footer.file for footer in find(path.format(tmp_path)).footers.footers]
    assert found.values == {"day": "1"}
    assert found.url == f"file:{file}"
    assert found.name == f"{'file://' if '://' in path else ''}{file}"


ABOUT = {"Size": 9, "LastModified": datetime(2026, 1, 1, tzinfo=UTC)}


class Doubled:
    """A bucket with one key, `logs//a.parquet`. Source: S3 API Reference, "ListObjectsV2", `Delimiter`."""

    def list_objects_v2(self, Prefix: str, Delimiter: str, **_: Any) -> dict[str, Any]:  # noqa: ANN401, N803
        if Prefix == "logs/" and Delimiter:
            return {"CommonPrefixes": [{"Prefix": "logs//"}]}
        return {"Contents": [{"Key": "logs//a.parquet", **ABOUT}] if Prefix in {"logs/", "logs//"} else []}

    def head_object(self, **_: Any) -> None:  # noqa: ANN401
        raise ClientError({"Error": {"Code": "404"}}, "HeadObject")


def test_a_folder_without_a_name_on_s3_is_named_and_not_walked_forever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A filter on folder columns walks level by level: `logs//` below `logs/` had been taken for `logs` itself."""
    monkeypatch.setattr(s3_filesystem, "shared_client", lambda _: Doubled())
    with pytest.raises(InputError, match=r"source folder s3://shop/logs//: Spark can't read a name with //"):
        list_files(("s3://shop/logs",), lambda folders: [False] * len(folders))


def test_a_hidden_file_that_could_not_be_looked_into_is_not_taken_for_no_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = ("logs/a.parquet", "logs/_old/part-0")
    bucket(monkeypatch, keys, {"logs/_old/part-0": denied("GetObject")})
    assert len(list_files(["s3://shop/logs"]).files) == 1
    slow = ClientError({"Error": {"Code": "SlowDown"}}, "GetObject")
    bucket(monkeypatch, keys, {"logs/_old/part-0": slow})
    with pytest.raises(InputError, match=r"source file s3://shop/logs/_old/part-0: can't be read: S3 asks"):
        list_files(["s3://shop/logs"])


def test_a_path_that_is_missing_or_empty_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "nope").startswith(f"source.path {tmp_path}/nope: can't be listed")
    assert refused("s3//bucket/logs").endswith(
        "there is nothing of this name. Correct the path; of S3 it is s3://bucket/folder/."
    )
    assert refused(tmp_path).startswith(f"source.path {tmp_path}: there is no Parquet file")
    assert "no Parquet file" in refused(f"{tmp_path}/day=*")


def test_one_good_path_does_not_excuse_another(tmp_path: Path) -> None:
    write(tmp_path / "good" / "a.parquet", COLUMNS)
    assert "nope" in refused(tmp_path / "good", tmp_path / "nope")


def test_overlap_is_judged_by_the_files_that_are_reached(tmp_path: Path) -> None:
    write(tmp_path / "day=1" / "a.parquet", COLUMNS)
    write(tmp_path / "day=2" / "b.csv.parquet", COLUMNS)
    assert find(f"{tmp_path}/day=1", f"{tmp_path}/*/b*").count == 2
    assert "a.parquet is in two of the paths" in refused(f"{tmp_path}/day=1", f"{tmp_path}/*/a.parquet")
    assert "a.parquet is in two of the paths" in refused(
        tmp_path / "day=1", f"file:{tmp_path}/day=1/a.parquet"
    )


@pytest.mark.parametrize("content", [b"", b"PAR1", b"user,item\n1,2\n" * 10, b"PAR1" + b"x" * 100 + b"PAR1"])
def test_a_file_that_is_not_whole_parquet_is_named(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "a.parquet", COLUMNS)
    (tmp_path / "b.parquet").write_bytes(content)
    assert refused(tmp_path).startswith(f"source file {tmp_path}/b.parquet: not Parquet, or damaged")


@pytest.mark.parametrize("cut", [1, 20, 300])
def test_a_file_that_was_cut_off_is_named(tmp_path: Path, cut: int) -> None:
    file = write(tmp_path / "a.parquet", COLUMNS)
    file.write_bytes(file.read_bytes()[:-cut])
    assert str(file) in refused(tmp_path)


def test_another_format_among_the_parquet_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", COLUMNS)
    (tmp_path / "readme.csv").write_text("a,b")
    assert "readme.csv: not Parquet" in refused(tmp_path)


def test_an_encrypted_file_is_said_to_be_encrypted(tmp_path: Path) -> None:
    file = write(tmp_path / "a.parquet", COLUMNS)
    file.write_bytes(file.read_bytes()[:-4] + b"PARE")
    assert "a.parquet: it is encrypted. Write it without" in refused(tmp_path)


def test_a_footer_that_contradicts_its_row_groups_is_damaged(tmp_path: Path) -> None:
    file = write(tmp_path / "a.parquet", {"item": pa.array(["a"] * 60)}, row_group_size=30)
    content = file.read_bytes()
    assert (
        content.count(b"\x16\x78") == 1
    )  # 60 rows, as Thrift's compact protocol writes it behind the schema
    file.write_bytes(content.replace(b"\x16\x78", b"\x16\x7a"))
    assert "a.parquet: damaged: its footer says 61 rows, its row groups hold 60" in refused(tmp_path)


@pytest.mark.parametrize(
    ("mark", "table"),
    [
        ("_delta_log/0.json", "Delta Lake"),
        (".hoodie/hoodie.properties", "Apache Hudi"),
        ("metadata/v1.metadata.json", "Apache Iceberg"),
    ],
)
def test_a_tables_folder_is_never_read_as_plain_parquet(tmp_path: Path, mark: str, table: str) -> None:
    write(tmp_path / "t" / "day=1" / "a.parquet", COLUMNS)
    (tmp_path / "t" / mark).parent.mkdir()
    (tmp_path / "t" / mark).write_text("{}")
    for path in (
        tmp_path,
        tmp_path / "t",
        tmp_path / "t" / "day=1",
        tmp_path / "t/day=1/a.parquet",
        tmp_path / "t/day=*",
    ):
        sentence = refused(path)
        assert f"{tmp_path}/t is the folder of a table of {table}" in sentence
        assert "\n" not in sentence
