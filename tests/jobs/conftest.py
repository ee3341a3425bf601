"""Fixtures for tests of the job in addition to `tests/conftest.py`: an output folder, on disk and on S3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.aws.buckets import forget_buckets


@pytest.fixture(params=["disk", pytest.param("s3", marks=pytest.mark.s3)])
def output(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An output's URL, with nothing in it."""
    if request.param == "disk":
        yield str(tmp_path / "output")
        return
    for name, value in request.getfixturevalue("s3_server").environ.items():
        monkeypatch.setenv(name, value)
    forget_buckets()
    yield f"s3://output/{tmp_path.name}/backfill/"
    forget_buckets()
