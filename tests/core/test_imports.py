"""A module that an import is to do without is not found, and is there again afterwards."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from core.imports import loaded_on_first_use, not_installed


def test_a_module_is_not_found_within_the_block_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with not_installed("colorsys"):
        with pytest.raises(ModuleNotFoundError, match="colorsys"):
            importlib.import_module("colorsys")
        assert importlib.import_module("fractions")
    assert importlib.import_module("colorsys")


def test_a_module_that_is_there_already_stays() -> None:
    import colorsys  # noqa: PLC0415 - it is the subject

    with not_installed("colorsys"):
        assert importlib.import_module("colorsys") is colorsys


def test_the_finder_is_gone_after_an_error() -> None:
    finders = list(sys.meta_path)
    with pytest.raises(ZeroDivisionError), not_installed("colorsys"):
        raise ZeroDivisionError
    assert sys.meta_path == finders


def test_a_late_module_is_loaded_when_something_of_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("seldom", "often"):
        (tmp_path / f"{name}.py").write_text(
            f"import builtins\nbuiltins.loaded.append('{name}')\nvalue = 1\n"
        )
        monkeypatch.delitem(sys.modules, name, raising=False)
    loaded: list[str] = []
    monkeypatch.setattr("builtins.loaded", loaded, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    with loaded_on_first_use("seldom", "absent"):
        seldom, _ = importlib.import_module("seldom"), importlib.import_module("often")
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("absent")
    assert loaded == ["often"]
    assert seldom.value == 1
    assert loaded == ["often", "seldom"]
