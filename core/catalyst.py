"""Spark's JVM, and its expressions and plans, which are trees of Java objects: PySpark has no public names for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from py4j.java_gateway import JavaObject, JVMView
    from pyspark.sql import SparkSession


def jvm_of(spark: SparkSession) -> JVMView:
    """Return the classes of Spark's JVM, by their names."""
    return spark._jvm  # noqa: SLF001


def items(seq: JavaObject) -> Sequence[Any]:
    """Return the items of a Scala sequence."""
    return [seq.apply(index) for index in range(seq.size())]


def nodes(tree: JavaObject) -> Iterator[JavaObject]:
    """Yield an expression or a step of a plan and all that is below it, each before its children."""
    yield tree
    for child in items(tree.children()):
        yield from nodes(child)
