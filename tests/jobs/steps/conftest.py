"""The shop whose files are imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs.steps.import_shop import Shop
from tests.standin.control_plane_client import World


@pytest.fixture
def world() -> World:
    made = World()
    made.put_csv()
    return made


@pytest.fixture
def shop(world: World, tmp_path: Path) -> Shop:
    return Shop(world, tmp_path)
