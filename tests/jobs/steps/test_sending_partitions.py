"""Sending partitions keep every core busy to the end, however large the source is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.steps.checking import sending_partitions

MIB = 1 << 20


def partitions(cores: int, size: int) -> int:
    spark: Any = SimpleNamespace(sparkContext=SimpleNamespace(defaultParallelism=cores))
    return sending_partitions(spark, size)


@pytest.mark.parametrize(
    ("cores", "mib", "expected"),
    [(2, 0, 2), (2, 512, 2), (2, 513, 4), (40, 10, 40), (40, 10_241, 80), (1, 1024, 4)],
)
def test_a_large_source_has_a_multiple_of_the_cores(cores: int, mib: int, expected: int) -> None:
    """Three on two cores: the third was sent alone, a third of the events by one process."""
    assert partitions(cores, mib * MIB) == expected


@given(st.integers(1, 500), st.integers(0, 1 << 45))
def test_no_core_is_idle_in_the_last_round_and_no_partition_is_too_large(cores: int, size: int) -> None:
    count = partitions(cores, size)
    assert count % cores == 0
    assert size <= count * 256 * MIB
    assert count <= max(cores, size / (256 * MIB) + cores)
