"""A coordinator for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from delivery.pacing.driver.coordinator import Coordinator


@pytest.fixture
def coordinator() -> Iterator[Coordinator]:
    with Coordinator(host="127.0.0.1", limit=200) as started:
        yield started
