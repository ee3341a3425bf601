"""The objects that a job reads and writes: a small part of S3, over any store of them."""

from __future__ import annotations

from typing import Any, Protocol


class NoAccessError(Exception):
    """The role or the bucket does not allow it."""


class Objects(Protocol):
    """Objects in buckets, as the role of a job may see them. Every method may raise `NoAccessError`."""

    def region(self, bucket: str) -> str | None:
        """Return the bucket's region; None if there is no such bucket."""
        ...

    def names(self, role: str, bucket: str, prefix: str) -> list[str]:
        """Return the keys that begin with `prefix`, sub folders included, in order."""
        ...

    def read(self, role: str, bucket: str, key: str) -> bytes:
        """Return the whole content of an object."""
        ...

    def write(self, role: str, bucket: str, key: str, content: bytes) -> None:
        """Write an object."""
        ...


class MemoryObjects:
    """Objects in this process's memory; `denied` has the (role, action) that are not allowed."""

    def __init__(self, region: str = "eu-west-1") -> None:
        self.buckets: dict[str, str] = {}
        self.objects: dict[tuple[str, str], bytes] = {}
        self.denied: set[tuple[str, str]] = set()
        self._default = region

    def region(self, bucket: str) -> str | None:
        """See `Objects`; a bucket that holds an object exists."""
        holds = any(name == bucket for name, _ in self.objects)
        return self.buckets.get(bucket, self._default if holds else None)

    def names(self, role: str, bucket: str, prefix: str) -> list[str]:
        """See `Objects`."""
        self._require(role, "s3:ListBucket")
        return sorted(key for name, key in self.objects if name == bucket and key.startswith(prefix))

    def read(self, role: str, bucket: str, key: str) -> bytes:
        """See `Objects`."""
        self._require(role, "s3:GetObject")
        return self.objects[bucket, key]

    def write(self, role: str, bucket: str, key: str, content: bytes) -> None:
        """See `Objects`."""
        self._require(role, "s3:PutObject")
        self.objects[bucket, key] = content

    def _require(self, role: str, action: str) -> None:
        if (role, action) in self.denied:
            raise NoAccessError(action)


class S3Objects:
    """Objects on an S3 server, by boto3's `client`; `allowed(role, action, resource)` decides."""

    def __init__(self, client: Any, region: str, allowed: Any = lambda *_: True) -> None:  # noqa: ANN401
        self._client = client
        self._region = region
        self._allowed = allowed

    def region(self, bucket: str) -> str | None:
        """See `Objects`."""
        found = self._client.list_buckets().get("Buckets", [])
        return self._region if any(each["Name"] == bucket for each in found) else None

    def names(self, role: str, bucket: str, prefix: str) -> list[str]:
        """See `Objects`."""
        self._require(role, "s3:ListBucket", f"arn:aws:s3:::{bucket}")
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def read(self, role: str, bucket: str, key: str) -> bytes:
        """See `Objects`."""
        self._require(role, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
        return bytes(self._client.get_object(Bucket=bucket, Key=key)["Body"].read())

    def write(self, role: str, bucket: str, key: str, content: bytes) -> None:
        """See `Objects`."""
        self._require(role, "s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
        self._client.put_object(Bucket=bucket, Key=key, Body=content)

    def _require(self, role: str, action: str, resource: str) -> None:
        if not self._allowed(role, action, resource):
            raise NoAccessError(action)


def split(location: str) -> tuple[str, str]:
    """Return bucket and key of an `s3://` location."""
    bucket, _, key = location.partition("://")[2].partition("/")
    return bucket, key
