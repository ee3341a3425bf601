"""`key=value` folders: the columns that they add, as text exactly as it is written.

Spark's own inference would make 42 of `00042`, 100000.0 of `1e5` and 0 of `-0`; nothing is inferred here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from core.errors import InputError
from core.globs import is_glob
from core.urls import with_scheme

_NULL = "__HIVE_DEFAULT_PARTITION__"
Values = Mapping[str, str | None]
"""Columns by name, with their values."""

_FILE = re.compile(r"\.(parquet|parq|pq)$", re.IGNORECASE)


def folder_of(path: str) -> str:
    """Return the folder of a path, with a closing slash, without a file name, patterns and `key=value` at its end.

    It is `logs/` for `logs/`, `logs/day=1`, `logs/day=1/*.parquet` and `logs/*/*`. A path without scheme is local.
    """
    parts = with_scheme(path).rstrip("/").split("/")
    if _FILE.search(parts[-1]):
        parts.pop()
    while "=" in parts[-1] or is_glob(parts[-1]):
        parts.pop()
    return "/".join(parts) + "/"


def folder_values(folders: str) -> dict[str, str | None]:
    """Return the columns of a relative path of folders, such as `year=2026/month=01`, in its order.

    Plain folders add none. `__HIVE_DEFAULT_PARTITION__` is null; a value is percent-decoded, as UTF-8.

    Raises:
        InputError: two of the folders have one key.
    """
    values: dict[str, str | None] = {}
    for part in folders.split("/"):
        key, equals, value = part.partition("=")
        if not key or not equals:
            continue
        name = _decoded(key)
        if name.lower() in {known.lower() for known in values}:
            raise InputError(
                f"source.path: the folders {folders} give two values of {name}. Name the inner folder instead."
            )
        values[name] = None if value == _NULL else _decoded(value)
    return values


def values_below(above: str, below: str) -> dict[str, str | None]:
    """Return the columns of two relative paths of folders, of which the first is above the second.

    A key in both, or twice in the first, has the innermost value: `env=prod/logs/env=test` is `test`.

    Raises:
        InputError: two folders of the second have one key.
    """
    values = folder_values(below)
    for part in reversed(above.split("/")):
        known = {name.lower() for name in values}
        outer = folder_values(part)
        values = {**{name: value for name, value in outer.items() if name.lower() not in known}, **values}
    return values


def spelled_once(rows: list[Values]) -> list[str]:
    """Return all keys in the order in which they first appear; keys that differ in case only are one."""
    spelled: dict[str, str] = {}
    for row in rows:
        for name in row:
            spelled.setdefault(name.lower(), name)
    return list(spelled.values())


def _decoded(text: str) -> str:
    """Decode `%41`; text that is not UTF-8 when decoded was not encoded that way, and is kept."""
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        return text
