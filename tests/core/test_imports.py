"""A module that an import is to do without is not found, and is there again afterwards."""

from __future__ import annotations

import importlib
import sys

import pytest

from core.imports import not_installed


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
