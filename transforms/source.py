"""The source: Parquet with its partition columns, filtered first, then reshaped.

It reads lazily and judges no row. Whether the files are whole and agree is `source_files`' business.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from functools import reduce
from pathlib import Path

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from transforms.errors import BadInput
from transforms.expressions import blamed_on, is_repeatable
from transforms.mapping import SourceSettings

_GLOB = re.compile(r"[*?{\[]")


def read(
    spark: SparkSession, settings: SourceSettings, nanosecond_columns: Collection[str] = ()
) -> DataFrame:
    """Read the rows that `source:` describes: all columns of the files and their folders, or its `select`.

    `filter` sees the raw columns and reaches the Parquet scan; `select` comes after it. Raises `BadInput`
    that names the key at fault: `source.path`, `source.filter` or `source.select`.

    Columns that hold timestamps in nanoseconds (`source_files` finds them) become Spark's timestamps, whole
    microseconds. Spark reads them as longs, if `spark.sql.legacy.parquet.nanosAsLong` is on.
    """
    raw = _with_timestamps(_parquet(spark, settings.path), nanosecond_columns)
    rows = raw if settings.filter is None else _filtered(raw, settings.filter)
    return _selected(raw, rows, settings.select) if settings.select else rows


def _with_timestamps(raw: DataFrame, columns: Collection[str]) -> DataFrame:
    """Turn longs of nanoseconds into timestamps."""
    if not columns:
        return raw
    quoted = {name: f"`{name.replace('`', '``')}`" for name in columns}
    return raw.withColumns({name: F.expr(f"timestamp_micros({quoted[name]} div 1000)") for name in columns})


def folder_of(path: str) -> str:
    """Give the folder below which `key=value` folders are partition columns, with its closing slash.

    `logs/`, `logs/day=1`, `logs/day=1/*.parquet` and `logs/*/*` all lie in `logs/`. A bare path is local.
    """
    parts = with_scheme(path).rstrip("/").split("/")
    if parts[-1].endswith(".parquet"):
        parts.pop()
    while "=" in parts[-1] or _GLOB.search(parts[-1]):
        parts.pop()
    return "/".join(parts) + "/"


def with_scheme(path: str) -> str:
    """Say that a bare path is local: Spark would look for it in the cluster's default file system."""
    return path if re.match(r"[A-Za-z][A-Za-z0-9]+:", path) else f"file:{Path(path).absolute()}"


def _parquet(spark: SparkSession, paths: tuple[str, ...]) -> DataFrame:
    """Read each folder on its own, as Spark finds partition columns under one only, and put them together."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(folder_of(path), []).append(with_scheme(path))
    frames = [_folder(spark, folder, inside) for folder, inside in folders.items()]
    for folder, frame in zip(folders, frames, strict=True):
        if sorted(frame.dtypes) != sorted(frames[0].dtypes):
            raise BadInput(f"source.path: {folder} and {next(iter(folders))} have different columns.")
    return reduce(DataFrame.unionByName, frames)


def _folder(spark: SparkSession, folder: str, paths: list[str]) -> DataFrame:
    reader = spark.read.option("ignoreCorruptFiles", "false").option("ignoreMissingFiles", "false")
    if not _GLOB.search(folder):
        reader = reader.option("basePath", folder)
    try:
        return reader.parquet(*paths)
    except (PySparkException, Py4JJavaError) as error:
        cause = error.java_exception.getMessage() if isinstance(error, Py4JJavaError) else str(error)
        line = re.sub(r"^\[[A-Z0-9_.]+\] |\.? SQLSTATE: \w+", "", str(cause).strip().splitlines()[0])
        raise BadInput(f"source.path: can't read {folder}: {line}") from None


def _filtered(raw: DataFrame, expression: str) -> DataFrame:
    """Keep the rows that the filter wants. The clock may rule here (last 30 days), chance may not."""
    with blamed_on("source.filter", expression, raw):
        rows = raw.filter(expression)
    if not rows._jdf.queryExecution().analyzed().deterministic():  # noqa: SLF001 - shown nowhere else
        raise BadInput("source.filter: depends on chance; a second run would choose other rows.")
    return rows


def _selected(raw: DataFrame, rows: DataFrame, items: tuple[str, ...]) -> DataFrame:
    try:
        with blamed_on("source.select", " ".join(items), raw):
            selected = rows.selectExpr(*items)
    except BadInput:
        _name_the_item_at_fault(raw, items)
        raise
    if not is_repeatable(raw.selectExpr(*items), " ".join(items), whole_plan=True):
        raise BadInput(
            "source.select: depends on chance, clock, file or partition; a second run would differ."
        )
    twice = [name for name, times in Counter(map(str.lower, selected.columns)).items() if times > 1]
    if twice:
        raise BadInput(f"source.select: gives two columns named {twice[0]}; rename one with AS.")
    return selected


def _name_the_item_at_fault(raw: DataFrame, items: tuple[str, ...]) -> None:
    for number, item in enumerate(items):
        with blamed_on(f"source.select[{number}]", item, raw):
            raw.selectExpr(item)
