"""A lease on S3 whose credentials expire while it is held, and are renewed by another program."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from core.aws import s3_lease_store
from core.aws.s3_lease_store import S3LeaseStore
from core.errors import StorageError
from jobs.leases.lease_record import LeaseRecord
from jobs.leases.run_lease import LeaseRequest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Bucket:
    """One object on S3, for those whose keys are of the newest `generation`."""

    def __init__(self) -> None:
        self.generation = 0
        self.content: bytes | None = None
        self.writes = 0
        self.opened = 0

    def open(self) -> S3Client:
        self.opened += 1
        return cast("S3Client", Client(self, self.generation))


class Client:
    def __init__(self, bucket: Bucket, generation: int) -> None:
        self._bucket = bucket
        self._generation = generation

    def get_object(self, **_: object) -> dict[str, Any]:
        self._check("GetObject")
        if self._bucket.content is None:
            raise refusal("NoSuchKey", "GetObject")
        headers = {"HTTPHeaders": {"date": "Thu, 01 Jan 2026 00:00:00 GMT"}}
        body = BytesIO(self._bucket.content)
        return {"Body": body, "ETag": self._tag(), "LastModified": _NOW, "ResponseMetadata": headers}

    def put_object(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401
        self._check("PutObject")
        is_there = self._bucket.content is not None
        if ("IfNoneMatch" in asked and is_there) or asked.get("IfMatch", self._tag()) != self._tag():
            raise refusal("PreconditionFailed", "PutObject")
        self._bucket.content = asked["Body"]
        self._bucket.writes += 1
        return {"ETag": self._tag()}

    def delete_object(self, **asked: object) -> None:
        self._check("DeleteObject")
        assert self._tag() == asked["IfMatch"]
        self._bucket.content = None

    def _tag(self) -> str:
        return f"v{self._bucket.writes}"

    def _check(self, operation: str) -> None:
        if self._generation != self._bucket.generation:
            raise refusal("ExpiredToken", operation)


def refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "AKIA..."}}, operation)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    monkeypatch.setattr(s3_lease_store, "renew_clients", lambda: None)
    return Bucket()


def test_a_lease_is_renewed_and_released_with_the_credentials_of_now(bucket: Bucket) -> None:
    """A renewal that meets the old ones fails, and the next one, two seconds later, does not."""
    record = LeaseRecord("run", "x1", "host", None, since="then", renewed_at="then")
    lease = LeaseRequest(S3LeaseStore(bucket.open, "b", "k"), record, lambda: 0.0, lambda _: None).acquire()
    assert lease is not None
    bucket.generation += 1
    with pytest.raises(StorageError, match="the AWS credentials have expired"):
        lease.renew("now")
    lease.renew("now")
    bucket.generation += 1
    lease.release()
    assert (bucket.content, bucket.opened) == (None, 3)


def test_a_file_is_read_with_the_credentials_of_now_at_once(bucket: Bucket) -> None:
    store = S3LeaseStore(bucket.open, "b", "k", "control file")
    version = store.create(b"x")
    for _ in range(2):
        bucket.generation += 1
        stored = store.read()
        assert stored is not None
        assert (stored.content, stored.version) == (b"x", version)


def test_credentials_that_stay_expired_are_an_error(bucket: Bucket) -> None:
    store = S3LeaseStore(lambda: cast("S3Client", Client(bucket, -1)), "b", "k")
    for attempt in (store.read, lambda: store.create(b"x"), lambda: store.delete("v1")):
        with pytest.raises(StorageError, match="the AWS credentials have expired"):
            attempt()


def test_the_chain_is_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    renewed: list[bool] = []
    monkeypatch.setattr(s3_lease_store, "renew_clients", lambda: renewed.append(True))
    bucket = Bucket()
    store = S3LeaseStore(bucket.open, "b", "k")
    store.read()
    assert renewed == []
    bucket.generation += 1
    store.read()
    assert renewed == [True]
