"""A world's S3 as the stand-in's import and export jobs see it: with the rights of the role that they were given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from standin.control_plane.objects import NoAccessError
from tests.aws.s3.server import S3

Allowed = Callable[[str, str, str], bool]
"""Whether a role may do an S3 action to a resource's ARN."""


@dataclass(frozen=True)
class RoleObjects:
    """The stand-in's `Objects`, of a world's S3."""

    s3: S3
    allowed: Allowed

    def region(self, bucket: str) -> str | None:
        """See `Objects`."""
        found = self.s3.buckets.get(bucket)
        return found.region if found else None

    def names(self, role: str, bucket: str, prefix: str) -> list[str]:
        """See `Objects`."""
        self._require(role, "s3:ListBucket", bucket)
        return self.s3.store.keys(bucket, prefix)

    def read(self, role: str, bucket: str, key: str) -> bytes:
        """See `Objects`."""
        self._require(role, "s3:GetObject", f"{bucket}/{key}")
        return self.s3.store.get(bucket, key)

    def write(self, role: str, bucket: str, key: str, content: bytes) -> None:
        """See `Objects`."""
        self._require(role, "s3:PutObject", f"{bucket}/{key}")
        self.s3.store.put(bucket, key, content)

    def _require(self, role: str, action: str, resource: str) -> None:
        if not self.allowed(role, action, f"arn:aws:s3:::{resource}"):
            raise NoAccessError(action)
