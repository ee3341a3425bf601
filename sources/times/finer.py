"""Conditions on times finer than milliseconds: in files of milliseconds, Spark's scan skips rows that meet them.

ParquetFilters cuts a literal's microseconds: `t < …59.999999` becomes `t < …59.999`, and `t != …59.999999` becomes
`t != …59.999`, which exclude a row group or a page of rows at .999.
"""

from __future__ import annotations

from collections.abc import Iterator

from py4j.java_gateway import JavaObject
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import types as T

from core.catalyst import nodes
from sources.columns import column_named
from sources.whole_structs import read_whole

_TIMES = ("timestamp", "timestamp_ntz")


def compares_finer_times(rows: DataFrame) -> bool:
    """Return whether a filter in the rows' plan, as Spark optimizes it, has a time of no whole milliseconds.

    True also for a plan that Spark can't optimize, and for a long list of times, which it doesn't show.
    """
    try:
        return any(map(_is_finer, _conditions(rows._jdf.queryExecution().optimizedPlan())))  # noqa: SLF001
    except (Py4JJavaError, PySparkException):
        return True


def times_not_pushed_down(rows: DataFrame) -> DataFrame:
    """Return the rows so that filters on their columns of times are not pushed down."""
    times = [
        field.name
        for field in rows.schema
        if isinstance(field.dataType, T.TimestampType | T.TimestampNTZType)
    ]
    return rows.withColumns({name: read_whole(column_named(name)) for name in times})


def _is_finer(node: JavaObject) -> bool:
    kind = node.getClass().getSimpleName()
    if kind == "InSet":
        return node.child().dataType().typeName() in _TIMES
    if kind != "Literal" or node.dataType().typeName() not in _TIMES:
        return False
    value = node.value()
    return value is not None and value % 1000 != 0


def _conditions(plan: JavaObject) -> Iterator[JavaObject]:
    """Yield each part of each condition of a plan's filters."""
    return (part for step in nodes(plan) if step.nodeName() == "Filter" for part in nodes(step.condition()))
