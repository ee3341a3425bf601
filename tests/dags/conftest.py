"""Airflow's home and database for as long as the tests run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dags.airflow_home import HOME


@pytest.fixture(scope="session", autouse=True)
def airflow_home() -> Iterator[Path]:
    """Airflow's home, which is gone when the tests have ended."""
    yield HOME
    shutil.rmtree(HOME)


@pytest.fixture(scope="session")
def database() -> None:
    """Airflow's tables, made once."""
    airflow = str(Path(sys.executable).with_name("airflow"))
    subprocess.run([airflow, "db", "migrate"], check=True, timeout=120, stdout=subprocess.DEVNULL)
