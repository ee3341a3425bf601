"""Files by URL: local paths, `file:`, `s3://` and `s3a://`, through pyarrow's filesystems.

A write is seen whole or not at all: S3 puts are atomic, and on disk a file is moved into place under its name
only when it is complete. Credentials come from boto3's own chain (SSO, assumed roles and instance profiles
included) and are asked for anew with each operation, so they are refreshed for as long as a run takes.
Nothing here knows what the files hold.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pyarrow as pa
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from pyarrow import fs

from delivery.errors import StorageError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_S3 = re.compile(r"^s3a?://", re.IGNORECASE)
_FILE = re.compile(r"^file:(?://(?=/))?", re.IGNORECASE)
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:/", re.IGNORECASE)
_UPLOADS_AT_ONCE = 8


def open_filesystem(url: str) -> tuple[fs.FileSystem, str]:
    """Return the filesystem that `url` lies on, and the path on it.

    A bare path is taken from the working directory. As Hadoop does, nothing in a URL is percent-decoded.
    Raises `StorageError` for another scheme, a URL without a bucket, or where there are no credentials.
    """
    if _S3.match(url):
        return _s3_filesystem(url), _S3.sub("", url).rstrip("/")
    path = _FILE.sub("", url)
    if _SCHEME.match(path):
        raise StorageError(f"{url} is of no kind that can be used: give s3://, s3a://, file: or a bare path.")
    return fs.LocalFileSystem(), os.path.abspath(path)  # noqa: PTH100  (Path.absolute keeps "..")


def open_s3_client(bucket: str) -> S3Client:
    """Return boto3's client for a bucket: for conditional requests, which pyarrow's filesystem has not.

    It gives an operation up after 13 seconds at the most: two attempts and a pause. Raises `StorageError`.
    """
    with _explained("reach", f"s3://{bucket}"):
        endpoint = _endpoint()
        config = Config(
            connect_timeout=3,
            read_timeout=3,
            retries={"mode": "standard", "total_max_attempts": 2},
            request_checksum_calculation="when_required",  # other S3 servers don't know the newer default
            response_checksum_validation="when_required",
        )
        region = _region(bucket, endpoint)
        return _aws_session().client("s3", region_name=region, endpoint_url=endpoint, config=config)


def join(url: str, *parts: str) -> str:
    """Return the URL of what lies under `url`: `join("s3://b/out/", "ledger") == "s3://b/out/ledger"`."""
    return "/".join([url.rstrip("/"), *(part.strip("/") for part in parts)]) or "/"


class Folder:
    """One folder by URL, which need not exist yet; its files by name.

    Every method raises `StorageError`, which names the URL and the cause.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def names(self) -> list[str]:
        """Return the names of the files directly in the folder, sorted; none if there is no folder."""
        return self._listed(fs.FileType.File)

    def folder_names(self) -> list[str]:
        """Return the names of the folders directly in the folder, sorted; none if there is no folder."""
        return self._listed(fs.FileType.Directory)

    def read_bytes(self, name: str) -> bytes:
        """Return the whole content of the file `name`."""
        with _explained("read", join(self.url, name)):
            filesystem, path = self._at(name)
            with filesystem.open_input_file(path) as stream:
                return bytes(stream.readall())

    def write_bytes(self, name: str, content: bytes | memoryview) -> None:
        """Write the file `name` (which may lie in a sub-folder) so that it is seen whole or not at all."""
        with _explained("write", join(self.url, name)):
            filesystem, path = self._at(name)
            _write(filesystem, path, content)

    def open_input(self, name: str) -> pa.NativeFile:
        """Return the file `name` open for random reading, as pyarrow's readers take it; close it."""
        with _explained("read", join(self.url, name)):
            filesystem, path = self._at(name)
            return filesystem.open_input_file(path)

    def delete(self, name: str) -> None:
        """Delete the file `name`; it is fine if it is gone already."""
        with _explained("delete", join(self.url, name)):
            filesystem, path = self._at(name)
            if filesystem.get_file_info(path).type == fs.FileType.File:
                filesystem.delete_file(path)

    def delete_all(self) -> None:
        """Delete the folder and all that lies in it; it is fine if there is none."""
        with _explained("delete", self.url):
            filesystem, path = open_filesystem(self.url)
            if filesystem.get_file_info(path).type == fs.FileType.Directory:
                filesystem.delete_dir(path)

    def upload(self, local: Path) -> None:
        """Copy all files under the local folder `local` into this one, several at once."""
        files = [path for path in sorted(local.rglob("*")) if path.is_file()]
        with ThreadPoolExecutor(_UPLOADS_AT_ONCE) as pool:
            list(pool.map(lambda path: self._upload_file(path, path.relative_to(local).as_posix()), files))

    def _upload_file(self, path: Path, name: str) -> None:
        self.write_bytes(name, path.read_bytes())

    def _listed(self, kind: fs.FileType) -> list[str]:
        with _explained("list", self.url):
            filesystem, path = open_filesystem(self.url)
            found = filesystem.get_file_info(fs.FileSelector(path, allow_not_found=True))
        return sorted(each.base_name for each in found if each.type == kind)

    def _at(self, name: str) -> tuple[fs.FileSystem, str]:
        return open_filesystem(join(self.url, name))


def read_text(url: str) -> str:
    """Return the file at `url` as UTF-8 text. Raises `StorageError`, also when it is not UTF-8."""
    with _explained("read", url):
        filesystem, path = open_filesystem(url)
        with filesystem.open_input_file(path) as stream:
            return bytes(stream.readall()).decode("utf-8")


def _write(filesystem: fs.FileSystem, path: str, content: bytes | memoryview) -> None:
    if not isinstance(filesystem, fs.LocalFileSystem):
        with filesystem.open_output_stream(path) as stream:
            stream.write(content)
        return
    folder, _, name = path.rpartition("/")
    filesystem.create_dir(folder, recursive=True)
    hidden = f"{folder}/.{name}.{os.getpid()}.tmp"  # Spark and pyarrow pass over names that start with a dot
    with filesystem.open_output_stream(hidden) as stream:
        stream.write(content)
    filesystem.move(hidden, path)


@contextmanager
def _explained(verb: str, url: str) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeDecodeError, pa.ArrowException, BotoCoreError) as error:
        raise StorageError(f"Could not {verb} {url}: {_cause(error)}.") from error


def _cause(error: Exception) -> str:
    """Return a short cause: S3's error texts can run to many lines, and end in full stops."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).splitlines()[0].rstrip(". ")[:300] if str(error) else type(error).__name__


def _s3_filesystem(url: str) -> fs.FileSystem:
    bucket = _S3.sub("", url).split("/")[0]
    if not bucket:
        raise StorageError(f"{url} names no bucket.")
    with _explained("reach", url):
        credentials = _aws_session().get_credentials()
        if credentials is None:
            raise StorageError(f"There are no AWS credentials to reach {url} with.")
        keys = credentials.get_frozen_credentials()
        endpoint = _endpoint()
        return _connect(keys.access_key, keys.secret_key, keys.token, _region(bucket, endpoint), endpoint)


def _endpoint() -> str | None:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def _region(bucket: str, endpoint: str | None) -> str:
    """Return the region to sign for: the environment's, else the bucket's own, which S3 tells anyone."""
    if configured := os.environ.get("AWS_REGION") or _aws_session().region_name:
        return str(configured)
    return "us-east-1" if endpoint else str(fs.resolve_s3_region(bucket))


@lru_cache(maxsize=1)
def _aws_session() -> boto3.Session:
    return boto3.Session()


@lru_cache(maxsize=4)
def _connect(
    access_key: str, secret_key: str, token: str | None, region: str, endpoint: str | None
) -> fs.FileSystem:
    # Cached, so that all of a process's threads share one connection pool for each set of keys.
    scheme, _, address = endpoint.rstrip("/").partition("://") if endpoint else ("https", "", "")
    return fs.S3FileSystem(
        access_key=access_key,
        secret_key=secret_key,
        session_token=token,
        region=region,
        scheme=scheme,
        endpoint_override=address or None,
    )
