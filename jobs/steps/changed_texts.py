"""Text that would change as files are read together, or as Spark keeps only microseconds: ids would change silently."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from py4j.java_gateway import JavaObject
from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from core.catalyst import items, nodes
from jobs.errors import UsageError
from sources.layout import Layout
from sources.times.nanoseconds import has_finer_than_micros
from sources.used_columns import Used
from sources.variants import Variant, empty_frame, nanos_variants, text_variants
from transforms.mapping import MappingSettings, SourceSettings

Found = tuple[str, Variant]
"""A key of the configuration, and the column whose text changes in its expression."""

View = Callable[[DataFrame], Iterator[tuple[str, object]]]
"""Yield keys of the configuration, each with what is seen of its expressions over a frame."""

_TIMES = (T.TimestampType, T.TimestampNTZType)


class Texts:
    """The values that the expressions of a configuration turn into text.

    `source`: how rows are selected; `used`: the columns in use.
    """

    def __init__(
        self, spark: SparkSession, source: SourceSettings, mapping: MappingSettings, used: Used
    ) -> None:
        self._spark = spark
        self.source = source
        self.used = used
        self._texts = mapping.texts()
        self._mapped = {**self._texts, "sentAt": mapping.sent_at.expr}

    def changed(self, layout: Layout) -> Found | None:
        """Return the first key, and its column, whose text changes as the files are read together; None if none.

        Dates that are read as times get a time of day, and whole numbers that are read as fractions get a point. Their
        text then differs from that of their file read alone, and so does the event's id, or what the filter finds. A
        number that is mapped directly keeps its text.
        """
        return next(self._differing(layout, text_variants(layout, self.used), self._casts), None)

    def refuse_cut(self, layout: Layout) -> None:
        """Refuse a time in nanoseconds that is sent as text, if a value is not a whole number of microseconds.

        As `sentAt` it is cut to seconds anyway, and what another expression makes of it is up to the user.

        Raises:
            UsageError: it names the mapping's key and the files' column.
        """
        for key, variant in self._differing(layout, nanos_variants(layout, self.used), self._times):
            if has_finer_than_micros(self._spark, layout, variant.path):
                raise UsageError(
                    f"{key}: column {variant.name} has times in nanoseconds, and Spark keeps only microseconds: "
                    "different values would become one. Write the column as text or as a number."
                )

    def _differing(self, layout: Layout, variants: Sequence[Variant], view: View) -> Iterator[Found]:
        """Yield each key that a view shows differently with a variant of the layout's columns."""
        whole = dict(view(empty_frame(self._spark, layout.columns))) if variants else {}
        for variant in variants if whole else ():
            for key, seen in view(empty_frame(self._spark, variant.columns)):
                if seen != whole.get(key, seen):
                    yield key, variant

    def _casts(self, raw: DataFrame) -> Iterator[tuple[str, object]]:
        """Yield each key with the types that its expressions cast to text, and whether dates are sent as text."""
        for key, rows in self._selected(raw):
            casts = [
                each.child().dataType().catalogString() for each in _expressions(rows) if _is_text_cast(each)
            ]
            is_text = key.removeprefix("mapping.") in self._texts
            yield key, (casts, is_text and isinstance(_value_type(rows), T.DateType))

    def _times(self, raw: DataFrame) -> Iterator[tuple[str, object]]:
        """Yield each key whose expression gives times that are sent as text, with their type."""
        for key, rows in self._selected(raw):
            if key.removeprefix("mapping.") in self._texts and isinstance(_value_type(rows), _TIMES):
                yield key, rows.schema[0].dataType

    def _selected(self, raw: DataFrame) -> Iterator[tuple[str, DataFrame]]:
        """Yield each key with the result of its expressions, but for those that can't be used: others refuse them."""
        rows = raw
        if self.source.filter and (found := _selection(raw, self.source.filter)):
            yield "source.filter", found
        if self.source.select and (found := _selection(raw, *self.source.select)):
            rows = found
            yield "source.select", rows
        for part, expr in self._mapped.items():
            if found := _selection(rows, expr):
                yield f"mapping.{part}", found


def refusal(found: Found) -> UsageError:
    """Return the error for text that changes as files are read together."""
    key, variant = found
    return UsageError(
        f"{key}: text is made of column {variant.name}, which is {variant.own} in {variant.file}, and {variant.whole} "
        "where it is read with the other files: the text would change. Make it the same in all files, with "
        f"date_format({variant.name}, 'yyyy-MM-dd') for dates or cast({variant.name} as bigint) for numbers, or "
        "load each layout in a run of its own."
    )


def _selection(rows: DataFrame, *items: str) -> DataFrame | None:
    try:
        return rows.selectExpr(*items)
    except (AnalysisException, ParseException):
        return None


def _value_type(rows: DataFrame) -> T.DataType:
    """Return the type of an expression's values or, of arrays, of their elements."""
    kind = rows.schema[0].dataType
    return kind.elementType if isinstance(kind, T.ArrayType) else kind


def _is_text_cast(node: JavaObject) -> bool:
    return bool(node.getClass().getSimpleName() == "Cast" and node.dataType().typeName() == "string")


def _expressions(rows: DataFrame) -> Iterator[JavaObject]:
    """Yield each part of each expression in the rows' plan, as Spark analyzes it."""
    for step in nodes(rows._jdf.queryExecution().analyzed()):  # noqa: SLF001 - PySpark shows no plan
        for expression in items(step.expressions()):
            yield from nodes(expression)
