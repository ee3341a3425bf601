from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.globs import is_glob, matcher


@pytest.mark.parametrize(
    ("pattern", "path", "rest"),
    [
        ("logs/*", "logs/day=1/a.parquet", "a.parquet"),
        ("logs/*", "other/b.parquet", None),
        ("logs/*.parquet", "logs/a.parquet", ""),
        ("logs/*.parquet", "logs/x/a.parquet", None),
        ("logs/day=?", "logs/day=1", ""),
        ("logs/day=?", "logs/day=10", None),
        ("logs/[ab]*/x", "logs/beta/x/y", "y"),
        ("logs/[^ab]*", "logs/beta", None),
        ("logs/[!ab]*", "logs/gamma", ""),
        ("logs/[a-c]", "logs/b", ""),
        ("logs/day={1,2*}", "logs/day=23", ""),
        ("logs/day={1,2*}", "logs/day=3", None),
        (r"logs/a\*b", "logs/a*b", ""),
        (r"logs/a\*b", "logs/axb", None),
        ("logs/a.b", "logs/axb", None),
        ("", "/a/b", "a/b"),
    ],
)
def test_a_pattern_tells_what_follows_it(pattern: str, path: str, rest: str | None) -> None:
    assert matcher(pattern)(path) == rest


@given(st.text(st.characters(exclude_characters="*?{}[]\\"), min_size=1), st.text())
def test_a_plain_name_matches_itself_and_what_is_below(name: str, below: str) -> None:
    assert not is_glob(name)
    assert matcher(name)(name) == ""
    assert matcher(name)(f"{name}/{below}") == below
