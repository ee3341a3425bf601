"""What the tests of files and leases share: an S3 with one bucket, for each module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.aws.moto_server import MotoServer


@pytest.fixture(scope="module")
def s3_server() -> Iterator[MotoServer]:
    """An S3 with the bucket `output`."""
    with MotoServer() as server:
        server.create_bucket("output")
        yield server
