"""The objects that a job reads and writes: a small part of S3, over any store of them."""

from __future__ import annotations

from typing import Protocol


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


def split(location: str) -> tuple[str, str]:
    """Return bucket and key of an `s3://` location."""
    bucket, _, key = location.partition("://")[2].partition("/")
    return bucket, key
