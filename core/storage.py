"""Files by URL: local paths, `file:`, `s3://` and `s3a://`, as pyarrow's filesystems.

A write is visible completely or not at all: S3 puts are atomic, and on disk a file is moved to its name
only when it is complete.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from pyarrow import fs

from core.aws.buckets import Bucket, find_bucket, open_bucket
from core.aws.s3_errors import S3Error
from core.aws.s3_filesystem import S3Handler
from core.errors import StorageError, first_line
from core.urls import SCHEME, is_on_s3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FILE = re.compile(r"^file:(?://(?=/))?", re.IGNORECASE)
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_JAVA_HOST = re.compile(rf"{_LABEL}|(?:{_LABEL}\.)+(?=[a-z]){_LABEL}", re.IGNORECASE)
_BUCKET = re.compile(r"[A-Za-z0-9._-]+")  # S3 names no other
_DIRECTORY_BUCKET = re.compile(r"--xa?-s3$")  # S3 Express One Zone, and access points to it
_UPLOADS_AT_ONCE = 8
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_S3_FILESYSTEM = fs.PyFileSystem(S3Handler())
_IMPATIENT = Config(connect_timeout=3, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})


def open_filesystem(url: str) -> tuple[fs.FileSystem, str]:
    """Return the filesystem of `url`, and the path on it, without a request.

    A path without scheme is relative to the working directory. As in Hadoop, nothing in a URL is
    percent-decoded.

    Raises:
        StorageError: it has another scheme, is a URL without a bucket, or one that Spark can't read.
    """
    if is_on_s3(url):
        return _S3_FILESYSTEM, _s3_path(url)
    path = _FILE.sub("", url)
    if SCHEME.match(path):
        raise StorageError(
            f"{url} is not supported: its scheme is unknown. Use s3://, s3a://, file: or a local path."
        )
    return fs.LocalFileSystem(), os.path.abspath(path)  # noqa: PTH100  (Path.absolute keeps "..")


def require_spark_reads(url: str) -> None:
    """Check that Spark's S3 connector can take the bucket of `url`, if S3 may have one of that name.

    Hadoop takes the bucket from java.net.URI, which knows no host with `_`, nor one whose last part of several begins
    with a digit, as in `logs.2026` (RFC 2396, 3.2.2); Hadoop's issue HADOOP-17241.

    Raises:
        StorageError: it can't.
    """
    bucket = _s3_path(url).partition("/")[0] if is_on_s3(url) else ""
    if _BUCKET.fullmatch(bucket) and not _JAVA_HOST.fullmatch(bucket):
        raise StorageError(
            f"{url} can't be used: Java can't read a bucket of this name. Give the alias of an access point to it."
        )


def find_buckets(urls: Iterable[str]) -> tuple[Bucket, ...]:
    """Find the bucket of each S3 URL, each once.

    Raises:
        StorageError: a bucket can't be found.
    """
    found = {}
    for url in urls:
        if is_on_s3(url):
            with explaining("reach", url):
                bucket = find_bucket(_s3_path(url).partition("/")[0])
                found[bucket.name] = bucket
    return tuple(found.values())


def open_s3_client(bucket: str) -> S3Client:
    """Return boto3's client for a bucket: for conditional requests, which pyarrow's filesystem lacks.

    It gives up an operation after at most 13 seconds: two attempts and a pause.

    Raises:
        StorageError: the bucket can't be found.
    """
    with explaining("reach", f"s3://{bucket}"):
        return open_bucket(bucket, _IMPATIENT)


def join(url: str, *parts: str) -> str:
    """Return the URL of a path under `url`: `join("s3://b/out/", "ledger") == "s3://b/out/ledger"`."""
    return "/".join([url.rstrip("/"), *(part.strip("/") for part in parts)]) or "/"


class Folder:
    """A folder by URL, which need not exist yet; its files by name.

    Every method raises `StorageError`, which names the URL and the cause.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def names(self, beginning: str = "") -> list[str]:
        """Return the names of the files directly in the folder, sorted; none if there is no folder.

        `beginning`: only names that begin so. On S3 no others are listed, however many there are.
        """
        return self._listed(fs.FileType.File, beginning)

    def folder_names(self) -> list[str]:
        """Return the names of the folders directly in the folder, sorted; none if there is no folder."""
        return self._listed(fs.FileType.Directory)

    def read_bytes(self, name: str) -> bytes:
        """Return the whole content of the file `name`."""
        with explaining("read", join(self.url, name)):
            filesystem, path = self._at(name)
            with filesystem.open_input_stream(path) as stream:
                return bytes(stream.read())

    def read_head(self, name: str, size: int) -> bytes:
        """Return the first `size` bytes of the file `name`, fewer where it has no more."""
        with explaining("read", join(self.url, name)):
            filesystem, path = self._at(name)
            with filesystem.open_input_file(path) as file:
                return bytes(file.read(size))

    def write_bytes(self, name: str, content: bytes | memoryview) -> None:
        """Write the file `name` (which may be in a sub-folder) so that it is visible completely or not at all."""
        with explaining("write", join(self.url, name)):
            filesystem, path = self._at(name)
            _write(filesystem, path, content)

    def open_input(self, name: str) -> pa.NativeFile:
        """Return the file `name` open for random access, as pyarrow's readers take it; the caller closes it."""
        with explaining("read", join(self.url, name)):
            filesystem, path = self._at(name)
            return filesystem.open_input_file(path)

    def delete(self, name: str) -> None:
        """Delete the file `name`; it is fine if it is gone already."""
        with explaining("delete", join(self.url, name)), suppress(FileNotFoundError):
            filesystem, path = self._at(name)
            filesystem.delete_file(path)

    def delete_files(self, names: Sequence[str]) -> None:
        """Delete the files `names`, on S3 up to 1,000 with one request; it is fine if some are gone already."""
        with explaining("delete", self.url):
            filesystem, path = open_filesystem(self.url)
            _delete_files(filesystem, [f"{path}/{name}" for name in names])

    def sizes(self) -> dict[str, int]:
        """Return the sizes in bytes of the files directly in the folder, by name; none if there is no folder."""
        found = {each.base_name: each.size for each in self._found() if each.type == fs.FileType.File}
        return dict(sorted(found.items()))

    def delete_all(self) -> None:
        """Delete the folder and everything in it; it is fine if there is none."""
        with explaining("delete", self.url), suppress(FileNotFoundError):
            filesystem, path = open_filesystem(self.url)
            filesystem.delete_dir(path)

    def upload(self, local: Path) -> None:
        """Copy all files under the local folder `local` into this one, several at once."""
        files = [path for path in sorted(local.rglob("*")) if path.is_file()]
        with ThreadPoolExecutor(_UPLOADS_AT_ONCE) as pool:
            names = (path.relative_to(local).as_posix() for path in files)
            list(pool.map(lambda name: self.write_bytes(name, (local / name).read_bytes()), names))

    def _listed(self, kind: fs.FileType, beginning: str = "") -> list[str]:
        found = (each.base_name for each in self._found(beginning) if each.type == kind)
        return sorted(name for name in found if name and name.startswith(beginning))

    def _found(self, beginning: str = "") -> list[fs.FileInfo]:
        with explaining("list", self.url):
            filesystem, path = open_filesystem(self.url)
            if isinstance(filesystem, fs.PyFileSystem) and beginning:
                return list(filesystem.handler.list_beginning(path, beginning))
            if isinstance(filesystem, fs.LocalFileSystem):
                _require_no_file_above(Path(path))
            infos = filesystem.get_file_info(fs.FileSelector(path, allow_not_found=True))
            return [info for info in infos if info.base_name]  # a name that is not valid text fails here

    def _at(self, name: str) -> tuple[fs.FileSystem, str]:
        return open_filesystem(join(self.url, name))


def _require_no_file_above(path: Path) -> None:
    """Raise if a file is in the place of a folder: pyarrow would report everything below it as missing."""
    existing = next((each for each in (path, *path.parents) if each.exists()), path)
    if existing.is_file():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(existing))


def _delete_files(filesystem: fs.FileSystem, paths: list[str]) -> None:
    if isinstance(filesystem, fs.PyFileSystem):
        filesystem.handler.delete_files(paths)
        return
    for path in paths:
        with suppress(FileNotFoundError):
            filesystem.delete_file(path)


def read_text(url: str) -> str:
    """Return the file at `url` as UTF-8 text.

    Raises:
        StorageError: it can't be read, or is not UTF-8.
    """
    with explaining("read", url):
        filesystem, path = open_filesystem(url)
        with filesystem.open_input_stream(path) as stream:
            return bytes(stream.read()).decode("utf-8")


def _write(filesystem: fs.FileSystem, path: str, content: bytes | memoryview) -> None:
    if not isinstance(filesystem, fs.LocalFileSystem):
        with filesystem.open_output_stream(path) as stream:
            stream.write(content)
        return
    folder, _, name = path.rpartition("/")
    filesystem.create_dir(folder, recursive=True)
    hidden = f"{folder}/.{name}.{os.getpid()}.tmp"  # Spark and pyarrow pass over names that start with a dot
    try:
        with filesystem.open_output_stream(hidden) as stream:
            stream.write(content)
        filesystem.move(hidden, path)
    except OSError:
        with suppress(OSError):  # half a file takes space, of which a full disk has none
            filesystem.delete_file(hidden)
        raise


@contextmanager
def explaining(verb: str, url: str) -> Iterator[None]:
    """Raise a failure within the block as `StorageError`: could not `verb` the `url`, why, and what to do."""
    try:
        yield
    except (OSError, UnicodeDecodeError, pa.ArrowException, BotoCoreError) as error:
        cause = cause_and_remedy(error, "Check the path and its permissions")
        raise StorageError(f"could not {verb} {url}: {cause}.") from error


def cause_and_remedy(error: Exception, remedy: str) -> str:
    """Return why a file can't be used, and what to do, without the last full stop.

    `remedy` is used unless the cause has one of its own. Only the first line of a library's text is kept.
    """
    if isinstance(error, S3Error) or (isinstance(error, FileNotFoundError) and error.errno is None):
        return str(error)
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text, or a name in it is not. Write it as UTF-8, or rename it"
    if isinstance(error, FileNotFoundError):
        return "there is no such file. Check the path"
    if isinstance(error, OSError) and error.errno in _FULL:
        return f"{os.strerror(error.errno)}. Make room there"
    cause = error.strerror if isinstance(error, OSError) and error.strerror else first_line(error)
    return f"{cause.rstrip('. ')[:300]}. {remedy}"


def _s3_path(url: str) -> str:
    """Return `bucket/key`, without a slash at its end."""
    path = url.partition("://")[2].rstrip("/")
    bucket = path.partition("/")[0]
    if not bucket:
        raise StorageError(f"{url} can't be used: it names no bucket. Write s3://bucket/folder/.")
    if bucket.lower().startswith("arn:"):
        raise StorageError(
            f"{url} can't be used: it names a bucket by an ARN. Give its name, or the access point's alias."
        )
    if _DIRECTORY_BUCKET.search(bucket):
        raise StorageError(
            f"{url} can't be used: a directory bucket lists no names by their beginning. Use a general purpose bucket."
        )
    if "//" in path:
        raise StorageError(
            f"{url} can't be used: Spark reads no folder without a name. Write one slash where it has two."
        )
    return path
