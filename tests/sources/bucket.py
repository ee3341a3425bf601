"""A bucket as the listing sees it, of which some prefixes can't be listed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from core.aws import s3_filesystem

ABOUT = {"Size": 99, "LastModified": datetime(2026, 1, 1, tzinfo=UTC)}


class Bucket:
    """Keys of which some can't be listed. Source: S3 API Reference, "ListObjectsV2"; `s3:prefix` of IAM."""

    def __init__(self, keys: tuple[str, ...], fails: dict[str, Exception]) -> None:
        self.keys = keys
        self.fails = fails
        self.asked: list[str] = []

    def list_objects_v2(self, Prefix: str, Delimiter: str, **_: Any) -> dict[str, Any]:  # noqa: ANN401, N803
        self.asked.append(Prefix)
        if Prefix in self.fails:
            raise self.fails[Prefix]
        found = [key for key in self.keys if key.startswith(Prefix)]
        rests = {key: key.removeprefix(Prefix).partition("/") for key in found}
        folders = {Prefix + rest[0] + "/" for rest in rests.values() if Delimiter and rest[1]}
        files = [{"Key": key, **ABOUT} for key in found if not (Delimiter and rests[key][1])]
        return {"CommonPrefixes": [{"Prefix": each} for each in sorted(folders)], "Contents": files}

    def head_object(self, Key: str, **_: Any) -> dict[str, Any]:  # noqa: ANN401, N803
        if Key not in self.keys:
            raise denied("HeadObject")
        return {"ContentLength": 99, "LastModified": ABOUT["LastModified"]}

    def get_object(self, Key: str, **_: Any) -> dict[str, Any]:  # noqa: ANN401, N803
        raise self.fails[Key]


def denied(operation: str = "ListObjectsV2") -> ClientError:
    return ClientError({"Error": {"Code": "AccessDenied"}}, operation)


def bucket(
    monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...], fails: dict[str, Exception] | None = None
) -> Bucket:
    made = Bucket(keys, fails or {})
    monkeypatch.setattr(s3_filesystem, "shared_client", lambda _: made)
    return made
