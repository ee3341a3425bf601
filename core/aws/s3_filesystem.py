"""S3 as a file system for pyarrow's readers, on boto3: one client, and so one rule for region, proxy and trust.

A write is visible completely or not at all: it is one PutObject. A file is read in ranges, each of the
version that was opened.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from json import JSONDecodeError
from typing import Any, TypeVar, cast

import pyarrow as pa
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from pyarrow import fs

from core.aws.buckets import renew_clients, shared_client
from core.aws.refusals import code_of
from core.aws.s3_errors import EXPIRED, explain, explain_setting, is_passing_code
from core.aws.s3_file import Fetch, S3File

_T = TypeVar("_T")
_NOTHING_THERE = frozenset({"InvalidRange", "416"})  # the answer for any range of an empty object
_DELETED_AT_ONCE = 1000  # DeleteObjects takes no more (Amazon S3 API Reference)
_PAUSES = (0.1, 0.3, 1.0, 3.0)  # seconds


class S3Handler(fs.FileSystemHandler):  # type: ignore[misc]  # pyarrow publishes no types
    """The handler for `pyarrow.fs.PyFileSystem`; a path is `bucket/key`. Every method raises OSError with its cause.

    A folder is a common prefix of keys, and nothing is written to create one. `create_dir` therefore does
    nothing.
    """

    def get_type_name(self) -> str:
        """See pyarrow."""
        return "s3+boto3"

    def normalize_path(self, path: str) -> str:
        """See pyarrow; a key is taken as it is."""
        return path

    def get_file_info(self, paths: list[str]) -> list[fs.FileInfo]:
        """Look each path up: as a folder first (one request), then as a file (one more)."""
        return [self._info(path) for path in paths]

    def get_file_info_selector(self, selector: fs.FileSelector) -> list[fs.FileInfo]:
        """List a folder; with `recursive` the files at any depth, and no folders."""
        bucket, prefix = _folder(selector.base_dir)
        found = list(_listed(bucket, prefix, deep=selector.recursive))
        if not found and not selector.allow_not_found:
            raise FileNotFoundError("there is nothing of this name. Correct the path")
        return found

    def is_folder(self, path: str) -> bool:
        """Return whether there is a key below a path: one request, and none for the object of that name.

        A role that may list some prefixes alone is denied a HEAD of an object that does not exist.
        """
        return any(True for _ in _keys(*_folder(path), limit=1))

    def list_beginning(self, folder: str, beginning: str) -> list[fs.FileInfo]:
        """List what is directly in a folder under names that begin with `beginning`; nothing else costs a request."""
        bucket, prefix = _folder(folder)
        return list(_listed(bucket, prefix + beginning, deep=False))

    def open_input_stream(self, path: str) -> pa.NativeFile:
        """Read the whole object with one request."""
        bucket, key = _split(path)

        def read() -> bytes:
            return bytes(shared_client(bucket).get_object(Bucket=bucket, Key=key)["Body"].read())

        return pa.BufferReader(call(read))

    def open_input_file(self, path: str) -> pa.NativeFile:
        """Open the object for random access: one request, which returns its last 64 KB and its size."""
        bucket, key = _split(path)
        return pa.PythonFile(S3File(_fetcher(bucket, key)), mode="r")

    def open_output_stream(self, path: str, metadata: object) -> pa.NativeFile:  # noqa: ARG002 - pyarrow's signature
        """Return a stream that collects the content, and writes the object when it is closed."""
        bucket, key = _split(path)

        def put(content: bytes) -> None:
            call(lambda: shared_client(bucket).put_object(Bucket=bucket, Key=key, Body=content))

        return pa.PythonFile(_Upload(put), mode="w")

    def delete_file(self, path: str) -> None:
        """Delete an object; S3 does not say whether there was one."""
        bucket, key = _split(path)
        call(lambda: shared_client(bucket).delete_object(Bucket=bucket, Key=key))

    def delete_dir(self, path: str) -> None:
        """Delete all objects below a folder."""
        bucket, prefix = _folder(path)
        _delete(bucket, list(_keys(bucket, prefix)))

    def delete_files(self, paths: list[str]) -> None:
        """Delete objects of one bucket, many with one request; S3 does not say which of them there were."""
        if paths:
            _delete(_split(paths[0])[0], [_split(path)[1] for path in paths])

    def create_dir(self, path: str, recursive: bool) -> None:  # noqa: FBT001 - pyarrow's signature
        """Do nothing: keys need no folder."""

    def delete_dir_contents(self, path: str, missing_dir_ok: bool = False) -> None:  # noqa: ARG002, FBT001
        """See `delete_dir`: a folder is nothing but its contents."""
        self.delete_dir(path)

    def delete_root_dir_contents(self) -> None:
        """Refuse: nothing here empties a bucket."""
        raise NotImplementedError

    def move(self, src: str, dest: str) -> None:
        """Refuse: S3 can't rename."""
        raise NotImplementedError

    def copy_file(self, src: str, dest: str) -> None:
        """Refuse: not needed here."""
        raise NotImplementedError

    def open_append_stream(self, path: str, metadata: object) -> pa.NativeFile:
        """Refuse: S3 can't append."""
        raise NotImplementedError

    def _info(self, path: str) -> fs.FileInfo:
        bucket, key = _split(path)
        if not key or self.is_folder(path):
            return fs.FileInfo(path, fs.FileType.Directory)
        try:
            head = call(lambda: shared_client(bucket).head_object(Bucket=bucket, Key=key))
        except FileNotFoundError:
            return fs.FileInfo(path, fs.FileType.NotFound)
        return fs.FileInfo(path, fs.FileType.File, size=head["ContentLength"], mtime=head["LastModified"])


def call(request: Callable[[], _T]) -> _T:
    """Make a request; if the credentials have expired or its answer breaks off, repeat it.

    Raises:
        OSError: it failed; FileNotFoundError if the object does not exist.
    """
    for last in (False, False, True):
        try:
            return request()
        except (ClientError, BotoCoreError) as error:
            if last or not _is_worth_another(error):
                raise explain(error) from error
        except JSONDecodeError as error:  # a credential_process that prints none
            raise explain_setting(error) from error
    raise AssertionError


def _is_worth_another(error: ClientError | BotoCoreError) -> bool:
    """Return whether another attempt may succeed; look up newer credentials if these have expired."""
    if isinstance(error, ClientError):
        if code_of(error) not in EXPIRED:
            return False
        renew_clients()
        return True
    # botocore repeats a request whose answer does not begin, and leaves an answer that breaks off to its caller.
    return isinstance(error, (ResponseStreamingError, IncompleteReadError, ReadTimeoutError))


def _fetcher(bucket: str, key: str) -> Fetch:
    def fetch(span: str, version: str | None) -> tuple[bytes, int, str]:
        condition: dict[str, Any] = {"IfMatch": version} if version else {}

        def read() -> tuple[bytes, int, str]:
            try:
                answer = shared_client(bucket).get_object(
                    Bucket=bucket, Key=key, Range=f"bytes={span}", **condition
                )
            except ClientError as error:
                if code_of(error) not in _NOTHING_THERE:
                    raise
                return b"", 0, ""
            size = int(answer["ContentRange"].rpartition("/")[2])
            return answer["Body"].read(), size, answer["ETag"]

        return call(read)

    return fetch


def _listed(bucket: str, prefix: str, *, deep: bool) -> Iterator[fs.FileInfo]:
    for page in _pages(bucket, prefix, delimiter="" if deep else "/"):
        for entry in page.get("CommonPrefixes", ()):
            # One slash only: `logs//` is a folder without a name in `logs/`, and not `logs` again.
            yield fs.FileInfo(f"{bucket}/{entry['Prefix'].removesuffix('/')}", fs.FileType.Directory)
        for entry in page.get("Contents", ()):
            if not entry["Key"].endswith("/"):  # the empty object that some tools write for a folder
                yield fs.FileInfo(
                    f"{bucket}/{entry['Key']}",
                    fs.FileType.File,
                    size=entry["Size"],
                    mtime=entry["LastModified"],
                )


def _keys(bucket: str, prefix: str, limit: int | None = None) -> Iterator[str]:
    for page in _pages(bucket, prefix, limit=limit):
        yield from (entry["Key"] for entry in page.get("Contents", ()))


def _pages(
    bucket: str, prefix: str, delimiter: str = "", limit: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the pages of a listing, at most `limit` keys in each; any may be empty, and others follow."""
    options: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix, "Delimiter": delimiter}
    if limit is not None:
        options["MaxKeys"] = limit
    while True:
        page = cast("dict[str, Any]", call(lambda: shared_client(bucket).list_objects_v2(**options)))
        yield page
        if not page.get("IsTruncated"):
            return
        options["ContinuationToken"] = page["NextContinuationToken"]


def _delete(bucket: str, keys: list[str]) -> None:
    for start in range(0, len(keys), _DELETED_AT_ONCE):
        _delete_at_once(bucket, keys[start : start + _DELETED_AT_ONCE])


def _delete_at_once(bucket: str, keys: list[str], sleep: Callable[[float], None] = time.sleep) -> None:
    """Delete up to 1,000 objects; try those again that S3 could not delete for the moment.

    It names them in an answer that is a success, so no SDK tries them again (boto/boto3#3052).
    """
    failed = _deletion_errors(bucket, keys)
    for pause in _PAUSES:
        if not failed or not all(is_passing_code(error.get("Code", "")) for error in failed):
            break
        sleep(pause)
        failed = _deletion_errors(bucket, [error["Key"] for error in failed])
    for error in failed:
        raise explain(ClientError({"Error": {"Code": error.get("Code", "")}}, "DeleteObjects"))


def _deletion_errors(bucket: str, keys: list[str]) -> list[dict[str, Any]]:
    """Delete the objects; return S3's error for each that it did not delete."""
    objects = cast("Any", {"Objects": [{"Key": key} for key in keys], "Quiet": True})
    answer = call(lambda: shared_client(bucket).delete_objects(Bucket=bucket, Delete=objects))
    return cast("list[dict[str, Any]]", answer.get("Errors", []))


def _split(path: str) -> tuple[str, str]:
    bucket, _, key = path.partition("/")
    return bucket, key


def _folder(path: str) -> tuple[str, str]:
    bucket, key = _split(path)
    return bucket, f"{key.rstrip('/')}/" if key.strip("/") else ""


class _Upload(io.BytesIO):
    """A buffer that passes its content on when it is closed."""

    def __init__(self, put: Callable[[bytes], None]) -> None:
        super().__init__()
        self._put = put

    def close(self) -> None:
        if not self.closed:
            content = self.getvalue()
            super().close()
            self._put(content)
