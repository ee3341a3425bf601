"""The files of an import on S3, as the run finds them after Spark has written them."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from core.errors import StorageError, is_passing
from jobs.runs.import_folder import ImportFolder
from tests.sources.bucket import bucket


def test_files_that_can_not_be_listed_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It had been an unexpected error, with its trace."""
    slow = ClientError({"Error": {"Code": "SlowDown"}}, "ListObjectsV2")
    bucket(monkeypatch, (), {"out/imports/a/csv/": slow})
    with pytest.raises(
        StorageError, match=r"could not list s3://shop/out/imports/a/csv: S3 asks for"
    ) as caught:
        ImportFolder("s3://shop/out", "a").tidied("USER_ID")
    assert is_passing(caught.value)
