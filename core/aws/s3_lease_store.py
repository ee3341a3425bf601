"""A lease on S3, by conditional requests: create if absent, replace this version, delete this version.

Source: Amazon S3 User Guide, "Add preconditions to S3 operations with conditional requests".
`If-None-Match: *` and `If-Match` fail with 412, with 409 when another write is in progress, and with 404
when there is no object to match. Who may hold a lease is decided in `jobs.leases`.

Credentials may expire while a run holds a lease, and another program may renew them: the chain is then searched again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from core.aws.buckets import renew_clients
from core.aws.refusals import code_of
from core.aws.s3_errors import ABSENT, EXPIRED, explain, explain_setting
from core.errors import StorageError
from core.lease_store import Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_T = TypeVar("_T")
_NOT_AS_EXPECTED = ABSENT | {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}


class S3LeaseStore:
    """A lease in an S3 bucket; an object's ETag is its version. `what` names it in errors.

    `open_client` returns a client with the current credentials; it is called again when they have expired.
    """

    def __init__(
        self, open_client: Callable[[], S3Client], bucket: str, key: str, what: str = "lease"
    ) -> None:
        self._open_client = open_client
        self._client: S3Client | None = open_client()
        self._bucket = bucket
        self._key = key
        self._what = what

    def read(self) -> Stored | None:
        """See `LeaseStore`. The age is by S3's clock alone: the response's `Date` minus its `Last-Modified`."""
        with self._explained():
            try:
                return self._repeated_once(self._read)
            except ClientError as error:
                if code_of(error) in ABSENT:
                    return None
                raise

    def create(self, content: bytes) -> str | None:
        """See `LeaseStore`."""
        return self._put(content, {"IfNoneMatch": "*"})

    def replace(self, content: bytes, version: str) -> str | None:
        """See `LeaseStore`."""
        return self._put(content, {"IfMatch": version})

    def delete(self, version: str) -> None:
        """See `LeaseStore`."""
        with self._explained():
            try:
                self._repeated_once(
                    lambda client: client.delete_object(Bucket=self._bucket, Key=self._key, IfMatch=version)
                )
            except ClientError as error:
                if code_of(error) not in _NOT_AS_EXPECTED:
                    raise

    def _read(self, client: S3Client) -> Stored:
        answer = client.get_object(Bucket=self._bucket, Key=self._key)
        return Stored(answer["Body"].read(), answer["ETag"], _age(answer))

    def _put(self, content: bytes, condition: dict[str, Any]) -> str | None:
        """Write under a condition, never twice: a renewal must not take longer than one attempt.

        With expired credentials it fails, and the next attempt, a moment later, has newer ones.
        """
        with self._explained():
            try:
                answer = self._with_client(
                    lambda client: client.put_object(
                        Bucket=self._bucket, Key=self._key, Body=content, **condition
                    )
                )
            except ClientError as error:
                if code_of(error) in _NOT_AS_EXPECTED:
                    return None
                raise
            return answer["ETag"]

    def _repeated_once(self, request: Callable[[S3Client], _T]) -> _T:
        try:
            return self._with_client(request)
        except ClientError:
            if self._client is not None:
                raise
        return self._with_client(request)

    def _with_client(self, request: Callable[[S3Client], _T]) -> _T:
        """Make a request; drop the client if its credentials have expired, so that the next request opens another."""
        if self._client is None:
            self._client = self._open_client()
        try:
            return request(self._client)
        except ClientError as error:
            if code_of(error) in EXPIRED:
                renew_clients()
                self._client = None
            raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        where = f"could not access the {self._what} s3://{self._bucket}/{self._key}"
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise StorageError(f"{where}: {explain(error)}.") from error
        except (JSONDecodeError, OSError) as error:
            raise StorageError(f"{where}: {explain_setting(error)}.") from error


def _age(answer: Any) -> float | None:  # noqa: ANN401 - botocore's answer, headers and all
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return (parsedate_to_datetime(date) - answer["LastModified"]).total_seconds() if date else None
