"""The user's Spark SQL expressions: resolved against the columns, or refused in one sentence.

Spark's own error becomes an `InputError` that names the configuration key, the short cause and the columns
that may have been meant. An expression whose value may change between two runs is refused: event ids and
sessions must not change. The texts show no literal of an expression: a filter may contain a user's id.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, StructType

from core.catalyst import items, jvm_of
from core.errors import InputError
from transforms.names import suggestion

_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\b[0-9][0-9.]{3,}")
_NOISE = re.compile(r"^\[[A-Z0-9_.]+\] |\.? ?SQLSTATE: \w+|; line \d+,? pos \d+;?| on search path \[.*?\]")
_NOW_LITERAL = re.compile(r"\b(date|timestamp\w*)\s*['\"]\s*(now|today|tomorrow|yesterday)", re.IGNORECASE)
_NAMED = re.compile(r"\bas\s+(?:\w+|`[^`]+`)\s*$", re.IGNORECASE)
_MANY_COLUMNS = 30


def resolve(df: DataFrame, expression: str, where: str) -> Column:
    """Return the column that `expression` computes for each row of `df`; `where` is its configuration key.

    Raises:
        InputError: it doesn't parse, names an unknown column or function, gives more or less than one value
            per row (`*`, aggregates, windows, explode), depends on a subquery, chance, clock, file or partition, or
            ends in a name.
    """
    with blamed_on(where, expression, df):
        column = F.expr(expression)
        selected = df.select(column)
    refuse_name(df, expression, where)
    if len(selected.columns) != 1:
        raise InputError(
            f"{where}: gives {len(selected.columns)} columns where one is wanted. Give an expression of one column."
        )
    if not _stays_in_its_row(df, selected):
        raise InputError(
            f"{where}: must give one value per row. Use no aggregate, window, explode or subquery."
        )
    if not is_repeatable(selected, expression, whole_plan=False):
        raise InputError(f"{where}: depends on chance, clock, file or partition. Use columns alone.")
    return column


def refuse_name(df: DataFrame, expression: str, where: str) -> None:
    """Check that `expression`, which Spark parses, ends in no name without AS: `a = 1 and` is `a = 1 AS and` to Spark.

    Raises:
        InputError: it does: the half of it that is missing would be passed over in silence.
    """
    if _NAMED.search(expression):
        return
    parser = df.sparkSession._jsparkSession.sessionState().sqlParser()  # noqa: SLF001
    parsed = parser.parseExpression(expression)
    if parsed.nodeName() == "Alias":
        raise InputError(
            f"{where}: Spark takes its last word, {parsed.name()}, for a name of the result. Complete the expression, "
            "or leave the word out."
        )


def is_repeatable(df: DataFrame, expression: str, *, whole_plan: bool) -> bool:
    """Return whether `df`'s last step, or its whole plan, gives the same values again in a later run.

    It does not with rand(), uuid(), monotonically_increasing_id(), input_file_name(), current_date() and
    the like.
    """
    if _NOW_LITERAL.search(expression):
        return False
    plan = df._jdf.queryExecution().analyzed()  # noqa: SLF001 - PySpark shows determinism nowhere else
    clock = jvm_of(df.sparkSession).org.apache.spark.sql.catalyst.trees.TreePattern.CURRENT_LIKE()
    parts = [plan] if whole_plan else items(plan.expressions())
    return all(part.deterministic() and not part.containsPattern(clock) for part in parts)


@contextmanager
def blamed_on(where: str, expression: str, df: DataFrame) -> Iterator[None]:
    """Turn Spark's error about `expression` over `df`'s columns into an `InputError` that names `where`."""
    try:
        with _unlogged():
            yield
    except AnalysisException as error:
        raise InputError(f"{where}: {_sentence(error, expression, df)}") from None


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep PySpark 4 from logging the exception, stack trace and all, before it can be handled."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _stays_in_its_row(df: DataFrame, selected: DataFrame) -> bool:
    """Return whether Spark adds a projection and no other step, as it does for windows, aggregates and explode."""
    before, after = (frame._jdf.queryExecution().analyzed() for frame in (df, selected))  # noqa: SLF001
    if after.nodeName() != "Project" or not after.child().fastEquals(before):
        return False
    subquery = jvm_of(df.sparkSession).org.apache.spark.sql.catalyst.trees.TreePattern.PLAN_EXPRESSION()
    return not any(step.containsPattern(subquery) for step in items(after.expressions()))


def _sentence(error: AnalysisException, expression: str, df: DataFrame) -> str:
    facts = error.getMessageParameters() or {}
    # Before Spark 4 the facts are a map of Java's, whose `get` gives None in place of the default.
    missing = (facts.get("objectName") or "").replace("`", "")
    if missing and "UNRESOLVED_COLUMN" in str(error):
        return (
            f"there is no column {missing}{_meant(missing, df)}. Correct the name, or put a constant text in SQL "
            "quotes."
        )
    return f"{_cause(error, expression)}. Correct the expression."


def _meant(name: str, df: DataFrame) -> str:
    known = list(_paths(df.schema))
    near = suggestion(name, known) or suggestion(name.rpartition(".")[2], known)
    return near or f"; there are {', '.join(known[:_MANY_COLUMNS])}"


def _paths(data_type: DataType, prefix: str = "") -> Iterator[str]:
    """Yield the names of columns and, dotted, of the fields within them."""
    if isinstance(data_type, ArrayType):
        yield from _paths(data_type.elementType, prefix)
    if isinstance(data_type, StructType):
        for field in data_type.fields:
            yield prefix + field.name
            yield from _paths(field.dataType, f"{prefix}{field.name}.")


def _cause(error: Exception, expression: str) -> str:
    """Return the first line of Spark's message, without codes and without the expression's literals."""
    line = _NOISE.sub("", next(iter(str(error).strip().splitlines()), "")).strip().rstrip(".")
    for literal in sorted(_LITERAL.findall(expression), key=len, reverse=True):
        for text in (literal, literal.strip("'\"")):
            line = line.replace(text, "…") if text else line
    return line
