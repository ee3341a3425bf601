"""The source's rows, filtered first and then reshaped by the user's own SQL."""

from __future__ import annotations

from collections import Counter

from pyspark.sql import DataFrame

from core.errors import InputError
from transforms.expressions import blamed_on, is_repeatable, refuse_name
from transforms.mapping import SourceSettings


def reshape(raw: DataFrame, settings: SourceSettings) -> DataFrame:
    """Return the rows that `source:` describes: all columns of the files and their folders, or its `select`.

    `filter` sees the raw columns and reaches the Parquet scan; `select` comes after it.

    Raises:
        InputError: it names the key at fault, `source.filter` or `source.select`.
    """
    rows = raw if settings.filter is None else _filtered(raw, settings.filter)
    return _selected(raw, rows, settings.select) if settings.select else rows


def _filtered(raw: DataFrame, expression: str) -> DataFrame:
    """Keep the rows that the filter wants. It may depend on the clock (last 30 days), not on chance."""
    with blamed_on("source.filter", expression, raw):
        rows = raw.filter(expression)
    refuse_name(raw, expression, "source.filter")
    if not rows._jdf.queryExecution().analyzed().deterministic():  # noqa: SLF001 - shown nowhere else
        raise InputError("source.filter: depends on chance. Use columns and the clock alone.")
    return rows


def _selected(raw: DataFrame, rows: DataFrame, items: tuple[str, ...]) -> DataFrame:
    try:
        with blamed_on("source.select", " ".join(items), raw):
            selected = rows.selectExpr(*items)
    except InputError:
        _name_the_item_at_fault(raw, items)
        raise
    if not is_repeatable(raw.selectExpr(*items), " ".join(items), whole_plan=True):
        raise InputError("source.select: depends on chance, clock, file or partition. Use columns alone.")
    twice = [name for name, times in Counter(map(str.lower, selected.columns)).items() if times > 1]
    if twice:
        raise InputError(f"source.select: gives two columns named {twice[0]}. Rename one with AS.")
    return selected


def _name_the_item_at_fault(raw: DataFrame, items: tuple[str, ...]) -> None:
    for number, item in enumerate(items):
        with blamed_on(f"source.select[{number}]", item, raw):
            raw.selectExpr(item)
