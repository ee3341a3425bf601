"""A service for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from standin.process import StandinProcess
from tests.delivery import aws_environment


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[StandinProcess]:
    """A stand-in, its options by indirect parameter, with the environment set for it."""
    with StandinProcess(seconds=120, **getattr(request, "param", {})) as process:
        aws_environment.only(monkeypatch, **process.environment)
        yield process
