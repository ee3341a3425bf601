from __future__ import annotations

import zipfile
from pathlib import Path
from typing import cast

import pytest
from pyspark import SparkContext

import delivery
from jobs.spark.code_shipping import ship_code


class ScriptedContext:
    """In place of Spark's; it only remembers what was shipped."""

    def __init__(self) -> None:
        self.shipped: list[str] = []

    def addPyFile(self, path: str) -> None:  # noqa: N802 - PySpark's name
        self.shipped.append(path)


def ship() -> list[str]:
    context = ScriptedContext()
    ship_code(cast("SparkContext", context), delivery)
    return context.shipped


def test_the_package_that_runs_on_executors_travels_whole_and_alone() -> None:
    (shipped,) = ship()
    names = zipfile.ZipFile(shipped).namelist()
    assert "delivery/packing.py" in names
    assert all(name.startswith("delivery/") for name in names)
    assert not any("__pycache__" in name for name in names)


def test_a_package_is_served_from_one_path_however_often_it_is_shipped() -> None:
    """Spark's driver refuses a second file of a name that comes from another path, and the run would end with it."""
    assert ship() == ship()


def test_code_that_came_in_a_zip_is_not_shipped_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "job.zip", "w") as archive:
        archive.writestr("delivery/__init__.py", "")
    monkeypatch.setattr(delivery, "__path__", [str(tmp_path / "job.zip" / "delivery")])
    assert ship() == []
