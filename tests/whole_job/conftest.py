"""What whole-job tests share: a stand-in of the service for each test, and a job that points to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from standin.process import StandinProcess
from tests.whole_job.harness import Job


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[StandinProcess]:
    """A service that takes everything valid and records it."""
    with StandinProcess(record=tmp_path / "record") as process:
        yield process


@pytest.fixture
def job(tmp_path: Path, standin: StandinProcess) -> Job:
    """A job over the tests' usual log, with nothing in its source yet."""
    return Job(tmp_path / "job", standin)
