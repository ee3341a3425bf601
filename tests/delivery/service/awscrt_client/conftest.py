"""Keys for each test, and nothing else of the machine's own."""

from __future__ import annotations

import pytest

from tests.delivery import aws_environment


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    aws_environment.only(monkeypatch, **aws_environment.KEYS)
