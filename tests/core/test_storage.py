"""Files by URL: on disk and on an S3 server, with errors that say what failed and nothing secret."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow import fs

from core.aws.buckets import forget_buckets
from core.aws.s3_errors import S3Error
from core.errors import BackfillError, StorageError
from core.storage import Folder, cause_and_remedy, join, open_filesystem, read_text, require_spark_reads
from delivery.errors import CoordinatorLostError
from tests.aws.moto_server import CREDENTIALS, MotoServer


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/data/in", "/data/in"),
        ("file:/data/in", "/data/in"),
        ("file:///data/in", "/data/in"),
        ("/data/a b%20c=1", "/data/a b%20c=1"),
        ("file:///data/a%20b", "/data/a%20b"),
        ("/data/in/", "/data/in"),
    ],
)
def test_local_urls_name_the_path_that_spark_would_read(url: str, path: str) -> None:
    filesystem, found = open_filesystem(url)
    assert isinstance(filesystem, fs.LocalFileSystem)
    assert found == path


def test_a_bare_path_is_taken_from_the_working_directory() -> None:
    assert open_filesystem("conf/job.yaml")[1] == f"{Path.cwd()}/conf/job.yaml"


@pytest.mark.parametrize("url", ["http://host/x", "hdfs://host/x", "gs://bucket/x", "s3:bucket/x"])
def test_a_url_that_can_not_be_used_is_refused_by_name(url: str) -> None:
    with pytest.raises(StorageError, match=url.split(":", maxsplit=1)[0]):
        open_filesystem(url)


@pytest.mark.parametrize("bucket", ["logs--use1-az4--x-s3", "logs--use1-az4--xa-s3"])
def test_a_directory_bucket_is_refused_before_any_request(bucket: str) -> None:
    """S3 Express One Zone lists prefixes that end in a slash alone, and in no order; a ledger needs both."""
    with pytest.raises(StorageError, match=r"a directory bucket .* Use a general purpose bucket"):
        open_filesystem(f"s3://{bucket}/out/")


def test_joining_neither_doubles_nor_drops_slashes() -> None:
    assert join("s3://b/out/", "runs", "r1") == "s3://b/out/runs/r1"
    assert join("/", "ledger") == "/ledger"
    assert join("out") == "out"


def test_a_file_comes_back_as_it_was_written(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path / "new" / "folder"))
    folder.write_bytes("a.txt", "häé".encode())
    folder.write_bytes("sub/b.txt", memoryview(b"b"))
    assert folder.read_bytes("a.txt") == "häé".encode()
    assert read_text(join(folder.url, "a.txt")) == "häé"
    assert folder.read_bytes("sub/b.txt") == b"b"
    assert folder.read_head("a.txt", 1) == b"h"
    assert folder.read_head("sub/b.txt", 9) == b"b"
    assert folder.names() == ["a.txt"]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path))
    folder.write_bytes("a", b"long content")
    folder.write_bytes("a", b"short")
    assert folder.read_bytes("a") == b"short"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_can_not_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    """On a full disk, half of a file would be the next one's room."""
    (tmp_path / "taken").mkdir()
    with pytest.raises(StorageError, match="taken"):
        Folder(str(tmp_path)).write_bytes("taken", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_folder_that_does_not_exist_is_empty_and_may_be_deleted(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path / "none"))
    assert folder.names() == []
    folder.delete("nothing")
    folder.delete_all()


def test_deleting_all_takes_sub_folders_too(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path / "run"))
    folder.write_bytes("stage/part-0.parquet", b"x")
    folder.delete_all()
    assert not (tmp_path / "run").exists()


def test_a_folder_of_files_is_uploaded_with_its_sub_folders(tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "static" / "css").mkdir(parents=True)
    (site / "index.html").write_text("i")
    (site / "static" / "css" / "a.css").write_text("c")
    folder = Folder(str(tmp_path / "out"))
    folder.upload(site)
    assert folder.read_bytes("index.html") == b"i"
    assert folder.read_bytes("static/css/a.css") == b"c"


def test_errors_name_the_file_and_the_cause(tmp_path: Path) -> None:
    with pytest.raises(
        StorageError, match=r"could not read .*/absent.yaml: there is no such file\. Check the path\.$"
    ):
        read_text(str(tmp_path / "absent.yaml"))
    (tmp_path / "latin").write_bytes(b"\xff")
    with pytest.raises(StorageError, match="it is not UTF-8 text"):
        read_text(str(tmp_path / "latin"))
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="could not write"):
        Folder(str(tmp_path / "file")).write_bytes("below", b"")


def test_a_name_in_a_folder_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    """`inspect` and `control` ended with a trace."""
    os.mkdir(os.fsencode(tmp_path) + b"/\xff")  # noqa: PTH102 - no Path holds such a name
    sentence = r"could not list .*: it is not UTF-8 text, or a name in it is not\. Write it as UTF-8, or rename it\.$"
    for listed in (Folder.names, Folder.folder_names, Folder.sizes):
        with pytest.raises(StorageError, match=sentence):
            listed(Folder(str(tmp_path)))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError("nothing has this name. Correct it"), "nothing has this name. Correct it"),
        (FileNotFoundError(2, "No such file"), "there is no such file. Check the path"),
        (OSError(28, "No space left on device"), "No space left on device. Make room there"),
        (PermissionError(13, "Permission denied."), "Permission denied. Ask for it"),
        (OSError("it is cut off.\nIn detail: …"), "it is cut off. Ask for it"),
        (S3Error("access is denied. Allow it"), "access is denied. Allow it"),
    ],
)
def test_a_cause_has_one_remedy_its_own_or_the_one_given(error: Exception, said: str) -> None:
    assert cause_and_remedy(error, "Ask for it") == said


@pytest.mark.parametrize("kind", [BackfillError, StorageError, CoordinatorLostError])
def test_errors_survive_pickling(kind: type[BackfillError]) -> None:
    error = pickle.loads(pickle.dumps(kind("One sentence.")))  # noqa: S301  (our own)
    assert type(error) is kind
    assert str(error) == "One sentence."


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    forget_buckets()
    yield monkeypatch
    forget_buckets()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("s3://", "names no bucket"),
        ("s3:///key", "names no bucket"),
        ("s3a://bucket//logs/", "Spark reads no folder without a name"),
        ("s3://arn:aws:s3:eu-west-1:111122223333:accesspoint/logs/key", "by an ARN"),
    ],
)
def test_an_s3_url_that_spark_can_not_read_is_refused(url: str, why: str) -> None:
    with pytest.raises(StorageError, match=why):
        open_filesystem(url)


@pytest.mark.parametrize("bucket", ["legacy_logs", "logs.2026", "my.bucket.1"])
def test_a_bucket_that_java_can_not_name_is_refused(bucket: str) -> None:
    """java.net.URI gives no host for them; the run had ended with a trace."""
    with pytest.raises(StorageError, match="Java can't read a bucket of this name"):
        require_spark_reads(f"s3://{bucket}/logs/")


@pytest.mark.parametrize(
    "url",
    [
        *(
            f"s3a://{bucket}/x_1/"
            for bucket in ("logs", "2026-logs", "123", "a.b-c", "data.v1", "1.2.x", "My-Bucket")
        ),
        "s3://no bucket's name/",
        "/disk/legacy_logs",
        "file:/disk/logs.2026",
    ],
)
def test_any_other_path_is_spark_s_to_read(url: str) -> None:
    require_spark_reads(url)


@pytest.fixture
def s3(s3_server: MotoServer, no_aws: pytest.MonkeyPatch) -> MotoServer:
    for name, value in s3_server.environ.items():
        no_aws.setenv(name, value)
    return s3_server


@pytest.mark.s3
@pytest.mark.parametrize("scheme", ["s3", "s3a", "S3"])
def test_s3_serves_as_disk_does(s3: MotoServer, scheme: str, tmp_path: Path) -> None:
    folder = Folder(f"{scheme}://output/{scheme}/runs/r1")
    assert folder.names() == []
    folder.write_bytes("a.txt", b"a")
    folder.write_bytes("sub/b.txt", b"b")
    (tmp_path / "c.txt").write_text("c")
    folder.upload(tmp_path)
    assert folder.names() == ["a.txt", "c.txt"]
    assert (folder.read_head("a.txt", 9), folder.read_head("a.txt", 0)) == (b"a", b"")
    assert read_text(f"{scheme}://output/{scheme}/runs/r1/sub/b.txt") == "b"
    folder.delete("a.txt")
    folder.delete("a.txt")
    assert folder.names() == ["c.txt"]
    folder.delete_all()
    assert [key for key in s3.keys("output", f"{scheme}/") if not key.endswith("/")] == []


@pytest.mark.s3
@pytest.mark.usefixtures("s3")
def test_an_s3_error_names_the_url_and_no_credential() -> None:
    with pytest.raises(StorageError, match="s3://no-such-bucket/x") as caught:
        Folder("s3://no-such-bucket").write_bytes("x", b"")
    for secret in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        assert CREDENTIALS[secret] not in str(caught.value)
    with pytest.raises(StorageError, match="there is no such file"):
        read_text("s3://output/absent")


def test_deleting_files_passes_over_those_that_are_gone(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path))
    for name in "abc":
        folder.write_bytes(name, b"xy")
    folder.delete_files(["a", "gone", "c"])
    assert folder.sizes() == {"b": 2}


def test_a_file_in_a_folders_place_is_no_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("in the way")
    with pytest.raises(
        StorageError, match=r"could not list .*/ledger/deep/er: Not a directory\. Check the path and"
    ):
        Folder(str(tmp_path / "ledger" / "deep" / "er")).names()
