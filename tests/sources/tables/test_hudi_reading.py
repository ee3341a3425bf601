"""What is made of a Hudi table's rows as its connector gives them; Spark is a stand-in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sources.tables.hudi import without_meta
from sources.used_columns import ALL, Used


@pytest.mark.parametrize(
    ("used", "dropped"),
    [
        (Used(frozenset()), ["_hoodie_commit_time", "_hoodie_record_key"]),
        (ALL, ["_hoodie_commit_time", "_hoodie_record_key"]),
        (Used(frozenset({("_hoodie_record_key",), ("user",)})), ["_hoodie_commit_time"]),
    ],
)
def test_hudis_own_columns_are_left_out_unless_named(used: Used, dropped: list[str]) -> None:
    columns = ["_hoodie_commit_time", "_hoodie_record_key", "user"]
    frame: Any = SimpleNamespace(columns=columns, drop=lambda *names: list(names))
    assert without_meta(frame, used) == dropped
