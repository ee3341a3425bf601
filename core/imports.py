"""What an import finds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def not_installed(name: str) -> Iterator[None]:
    """Let what is imported within the block find no module `name`, for packages that try one and do without.

    A module that is imported already stays. None in `sys.modules` would not do: Cython takes it for the module.
    """
    absent = _Absent(name)
    sys.meta_path.insert(0, absent)
    try:
        yield
    finally:
        sys.meta_path.remove(absent)


class _Absent:
    """A finder of modules that is sure of one: there is none."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        if name == self._name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
