"""Path patterns as Hadoop reads them: `*`, `?`, `[a-c]`, `[^a]` and `{a,b}`, each within one folder name."""

from __future__ import annotations

import re
from collections.abc import Callable

_TOKEN = re.compile(r"\*|\?|\[(?P<set>[^\]]+)\]|\{(?P<any>[^{}]*)\}|\\?(?P<char>.)", re.DOTALL)


def is_glob(path: str) -> bool:
    """Return whether the path is a pattern rather than a name."""
    return bool(re.search(r"[*?{\[]", path))


def is_cut(pattern: str) -> bool:
    """Return whether the beginning of a pattern ends within a choice or a set: nothing closes it."""
    return any(found[0] in ("{", "[") for found in _TOKEN.finditer(pattern))


def matcher(pattern: str) -> Callable[[str], str | None]:
    """Return a function that gives the rest of a path after `pattern`: "" for an exact match, None for no match.

    For `logs/*`, the path `logs/day=1/a.parquet` gives `a.parquet`, and `other/b.parquet` gives None.
    """
    compiled = re.compile(f"{_regex(pattern)}(?:/(?P<rest>.*))?", re.DOTALL)

    def rest_of(path: str) -> str | None:
        found = compiled.fullmatch(path)
        return None if found is None else found["rest"] or ""

    return rest_of


def _regex(pattern: str) -> str:
    return "".join(_token(found) for found in _TOKEN.finditer(pattern))


def _token(found: re.Match[str]) -> str:
    if found["set"] is not None:
        inside = found["set"]
        negated = inside[0] in "^!"
        escaped = (inside[1:] if negated else inside).replace("\\", r"\\").replace("[", r"\[")
        return f"[{'^/' if negated else ''}{escaped}]"
    if found["any"] is not None:
        return f"(?:{'|'.join(_regex(choice) for choice in found['any'].split(','))})"
    if found["char"] is not None:
        return re.escape(found["char"])
    return {"*": "[^/]*", "?": "[^/]"}[found[0]]
