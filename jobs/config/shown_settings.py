"""The settings of a run, safe to show to anyone: flat, defaults included.

An expression may contain a user's id, and a URL a password. So literals of the SQL expressions and a URL's
user part are left out; names of columns, functions and files stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import JsonValue

from jobs.config.settings import Settings

HIDDEN = "…"

# In this order: the first match decides. As in Spark's lexer a raw string has no escapes, and a back-quoted
# name is not a literal. Comments nest and continue over lines there; all that follows one is hidden, and so is
# what is not closed.
_TOKEN = re.compile(
    r"""(?P<name>`[^`]*`|[A-Za-z_][A-Za-z_0-9]*(?!['"A-Za-z_0-9]))
      | (?:(?:--|/\*).*\Z|[rR]'[^']*(?:'|\Z)|[rR]"[^"]*(?:"|\Z)
          |[A-Za-z_0-9]*'(?:[^'\\]|\\.)*(?:'|\\?\Z)|[A-Za-z_0-9]*"(?:[^"\\]|\\.)*(?:"|\\?\Z)
          |\.?[0-9][A-Za-z_0-9.]*)""",
    re.VERBOSE | re.DOTALL,
)
_USER_PART = re.compile(r"(?<=://)[^/@]*@")
_EXPRESSIONS = ("source.filter", "source.select", "mapping.")
_NOT_SQL = ("unit", "key")


def shown_settings(settings: Settings) -> dict[str, JsonValue]:
    """Return `settings` by dotted key (`delivery.max_attempts`), as `--set` takes them; values are JSON's own."""
    document = settings.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {key: _shown(key, value) for key, value in _flat(document)}


def without_literals(expression: str) -> str:
    """Return a Spark SQL expression with each literal replaced by `HIDDEN`, and all from the first comment on."""
    return _TOKEN.sub(lambda found: found["name"] or HIDDEN, expression)


def _flat(block: dict[str, JsonValue], prefix: str = "") -> Iterator[tuple[str, JsonValue]]:
    for key, value in block.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _shown(key: str, value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_shown(key, each) for each in value]
    if not isinstance(value, str):
        return value
    is_sql = key.startswith(_EXPRESSIONS) and key.rpartition(".")[2] not in _NOT_SQL
    return without_literals(value) if is_sql else _USER_PART.sub("", value)
