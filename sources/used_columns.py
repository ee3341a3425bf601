"""The columns of the source that a run uses, from its SQL expressions, by Spark's own parser.

Nothing is resolved: the columns' types are not known yet at this point.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from py4j.java_gateway import JavaObject
from pyspark.errors import ParseException
from pyspark.sql import SparkSession

from core.catalyst import items, nodes

_NAMES = re.compile(r"Unresolved(Attribute|NamedLambdaVariable)")
_STAR = re.compile(r"Unresolved(Star|Regex|DataFrameStar)")

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Used:
    """The columns in use, as paths in lower case: `("e", "price")` is a field of `e`. `everything`: a `*` is used."""

    paths: frozenset[Path]
    everything: bool = False

    def touches(self, path: Path) -> bool:
        """Return whether the value at `path` is used: itself, a part of it, or the whole that contains it."""
        wanted = tuple(part.lower() for part in path)
        return self.everything or any(
            wanted[: len(each)] == each[: len(wanted)] for each in self.paths if each
        )


ALL = Used(frozenset(), everything=True)


def used_columns(spark: SparkSession, expressions: Iterable[str]) -> Used:
    """Return the columns of the expressions. One that can't be parsed names none: it is refused where it is used."""
    names: set[Path] = set()
    everything = False
    for node in chain.from_iterable(map(nodes, _parsed(spark, expressions))):
        kind = node.getClass().getSimpleName()
        if _NAMES.match(kind):
            names.add(tuple(part.lower() for part in items(node.nameParts())))
        elif kind == "UnresolvedStar" and node.target().isDefined():  # `e.*` is all of e alone
            names.add(tuple(part.lower() for part in items(node.target().get())))
        else:
            everything = everything or bool(_STAR.match(kind))
    return Used(frozenset(names), everything)


def conjuncts(spark: SparkSession, condition: str) -> list[tuple[str, frozenset[str]]]:
    """Split a condition at its outermost ANDs: each part as SQL, and the columns that it names."""
    parsed = list(_parsed(spark, [condition]))
    parts: list[JavaObject] = []
    while parsed:
        node = parsed.pop()
        if node.getClass().getSimpleName() == "And":
            parsed += [node.left(), node.right()]
        else:
            parts.append(node)
    return [(text, names) for text, names in (_part(spark, node) for node in parts) if text]


def _part(spark: SparkSession, node: JavaObject) -> tuple[str, frozenset[str]]:
    """Return a part as SQL; no text if it would not be parsed as the same, or if it reads another table."""
    within = list(nodes(node))
    kinds = {each.getClass().getSimpleName() for each in within}
    text = node.sql()
    again = next(_parsed(spark, [text]), None)
    if (
        any("Subquery" in kind or kind == "Exists" for kind in kinds)
        or again is None
        or not again.equals(node)
    ):
        return "", frozenset()
    names = [each for each in within if _NAMES.match(each.getClass().getSimpleName())]
    return text, frozenset(items(each.nameParts())[0].lower() for each in names)


def _parsed(spark: SparkSession, expressions: Iterable[str]) -> Iterator[JavaObject]:
    parser = spark._jsparkSession.sessionState().sqlParser()  # noqa: SLF001
    for expression in expressions:
        try:
            yield parser.parseExpression(expression)
        except ParseException:
            continue
