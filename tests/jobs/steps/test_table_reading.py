"""The size of a table, as Spark estimates it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from jobs.steps.table_reading import _size
from sources.tables.table_source import Snapshot, TableSource


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
    source = TableSource("source.path", "lake/t", "hudi")
    assert _size(source, rows_of(said), Snapshot("hudi", 1, None)) == bytes_
