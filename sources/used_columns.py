"""The columns of the source that a run uses, from its SQL expressions, by Spark's own parser.

Nothing is resolved: the columns' types are not known yet at this point.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.errors import ParseException
from pyspark.sql import SparkSession

_NAMES = re.compile(r"Unresolved(Attribute|NamedLambdaVariable)")
_STAR = re.compile(r"Unresolved(Star|Regex|DataFrameStar)")
_EXPLODING = ("explode", "explode_outer", "posexplode", "posexplode_outer", "inline", "inline_outer")

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
    for node in _nodes(spark, expressions):
        kind = node.getClass().getSimpleName()
        if _NAMES.match(kind):
            names.add(tuple(part.lower() for part in _list(node.nameParts())))
        everything = everything or bool(_STAR.match(kind))
    return Used(frozenset(names), everything)


def columns_as_they_are(
    spark: SparkSession, expressions: Iterable[str], select: Sequence[str] = ()
) -> frozenset[Path]:
    """Return the columns whose values the expressions give as they are or cast to text, in the source's own names.

    `select`: the select list over which the expressions are, of which columns, their fields, `explode` and `*` are
    followed back.
    """
    found = {path for node in _parsed(spark, expressions) if (path := _path(node))}
    if not select:
        return frozenset(found)
    origins = [origin for node in _parsed(spark, select) for origin in _origins(node)]
    return frozenset(
        (*origin, *path[len(name) :])
        for path in found
        for name, origin in origins
        if path[: len(name)] == name
    )


def _path(node: Any) -> Path | None:  # noqa: ANN401 - a Java object
    """Return the column, or the field within one, that is all an expression gives; None for any other."""
    kind = node.getClass().getSimpleName()
    if kind == "UnresolvedAttribute":
        return tuple(part.lower() for part in _list(node.nameParts()))
    if kind == "Cast" and node.dataType().typeName() == "string":
        return _path(node.child())
    if kind != "UnresolvedExtractValue" or (path := _path(node.child())) is None:
        return None
    key = node.extraction()
    is_field = key.getClass().getSimpleName() == "Literal" and key.dataType().typeName() == "string"
    return (*path, key.value().toString().lower()) if is_field else path


def _origins(node: Any) -> Iterator[tuple[Path, Path]]:  # noqa: ANN401
    """Yield what an item of a select list names, and where it comes from; `()` is the name of all columns of one."""
    kind = node.getClass().getSimpleName()
    if kind == "UnresolvedStar":
        target = node.target()
        yield (), tuple(part.lower() for part in _list(target.get())) if target.isDefined() else ()
    elif kind in ("Alias", "MultiAlias"):
        name = node.name() if kind == "Alias" else _list(node.names())[-1]
        if path := _path(_exploded(node.child())):
            yield (name.lower(),), path
    elif kind == "UnresolvedFunction" and (path := _path(_exploded(node))):
        yield ("col",) if "explode" in _function(node) else (), path
    elif path := _path(node):
        yield path[-1:], path


def _exploded(node: Any) -> Any:  # noqa: ANN401
    """Return what is exploded or inlined; any other expression as it is."""
    return node.children().apply(0) if _function(node) in _EXPLODING else node


def _function(node: Any) -> str:  # noqa: ANN401
    if node.getClass().getSimpleName() != "UnresolvedFunction":
        return ""
    return str(_list(node.nameParts())[-1]).lower()


def conjuncts(spark: SparkSession, condition: str) -> list[tuple[str, frozenset[str]]]:
    """Split a condition at its outermost ANDs: each part as SQL, and the columns that it names."""
    parsed = list(_parsed(spark, [condition]))
    parts: list[Any] = []
    while parsed:
        node = parsed.pop()
        if node.getClass().getSimpleName() == "And":
            parsed += [node.left(), node.right()]
        else:
            parts.append(node)
    return [(text, names) for text, names in (_part(spark, node) for node in parts) if text]


def _part(spark: SparkSession, node: Any) -> tuple[str, frozenset[str]]:  # noqa: ANN401 - a Java object
    """Return a part as SQL; no text if it would not be parsed as the same, or if it reads another table."""
    within = list(_walk(node))
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
    return text, frozenset(_list(each.nameParts())[0].lower() for each in names)


def _nodes(spark: SparkSession, expressions: Iterable[str]) -> Iterator[Any]:
    for parsed in _parsed(spark, expressions):
        yield from _walk(parsed)


def _parsed(spark: SparkSession, expressions: Iterable[str]) -> Iterator[Any]:
    parser = spark._jsparkSession.sessionState().sqlParser()  # noqa: SLF001
    for expression in expressions:
        try:
            yield parser.parseExpression(expression)
        except ParseException:
            continue


def _walk(node: Any) -> Iterator[Any]:  # noqa: ANN401
    yield node
    for child in _list(node.children()):
        yield from _walk(child)


def _list(seq: Any) -> Sequence[Any]:  # noqa: ANN401
    return [seq.apply(index) for index in range(seq.size())]
