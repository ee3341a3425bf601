"""What an import finds."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType


@contextmanager
def not_installed(*names: str) -> Iterator[None]:
    """Let what is imported within the block find no module of `names`, for packages that try one and do without.

    A module that is imported already stays. None in `sys.modules` would not do: Cython takes it for the module.
    """
    with _asked_first(_Absent(names)):
        yield


@contextmanager
def loaded_on_first_use(*names: str) -> Iterator[None]:
    """Let the modules `names` that are imported within the block be loaded when something of theirs is first used."""
    with _asked_first(_Late(names)):
        yield


@contextmanager
def _asked_first(finder: _Absent | _Late) -> Iterator[None]:
    # New lists: an import of another thread that goes through the old one misses no finder.
    sys.meta_path = [finder, *sys.meta_path]
    try:
        yield
    finally:
        sys.meta_path = [each for each in sys.meta_path if each is not finder]


class _Absent:
    """A finder of modules that is sure of some: there are none."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        if name in self._names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


class _Late:
    """A finder of modules that are loaded late."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = PathFinder.find_spec(name, path, target) if name in self._names else None
        if found is not None and found.loader is not None:
            found.loader = LazyLoader(found.loader)
        return found
