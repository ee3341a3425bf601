"""A job over a service that must not be asked anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from standin.process import StandinProcess
from tests.whole_job.harness import Job


@pytest.fixture(scope="module")
def unasked() -> Iterator[StandinProcess]:
    """A service for all of a file, which must not be asked anything."""
    with StandinProcess() as process:
        yield process
        assert process.stop()["requests"] == 0


@pytest.fixture
def job(tmp_path: Path, unasked: StandinProcess) -> Job:
    return Job(tmp_path / "job", unasked)
