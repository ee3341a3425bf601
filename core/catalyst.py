"""Spark's expressions and plans, which are trees of Java objects: PySpark has no names for what is in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


def items(seq: Any) -> Sequence[Any]:  # noqa: ANN401 - a Scala Seq
    """Return the items of a Scala sequence."""
    return [seq.apply(index) for index in range(seq.size())]


def nodes(tree: Any) -> Iterator[Any]:  # noqa: ANN401 - a Java object
    """Yield an expression or a step of a plan and all that is below it, each before its children."""
    yield tree
    for child in items(tree.children()):
        yield from nodes(child)
