"""What is made of a Hudi table's rows as its connector gives them; Spark is a stand-in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sources.tables.hudi import _size, without_meta
from sources.used_columns import ALL, Used


def rows_of(size: int) -> Any:  # noqa: ANN401
    """A frame whose plan Spark estimates at `size` bytes."""
    plan = SimpleNamespace(stats=lambda: SimpleNamespace(sizeInBytes=lambda: size))
    return SimpleNamespace(
        _jdf=SimpleNamespace(queryExecution=lambda: SimpleNamespace(analyzed=lambda: plan))
    )


@pytest.mark.parametrize(
    ("said", "bytes_"), [(437_000, 437_000), (2**63 - 1, 0), (3_982_819_743_187_289_553, 0)]
)
def test_a_size_that_no_table_has_is_none(said: int, bytes_: int) -> None:
    """As many partitions as such a size asks for ended Spark's process; the last is what Spark 3.5 made of it."""
    assert _size(rows_of(said)) == bytes_


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
