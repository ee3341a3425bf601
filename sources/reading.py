"""From a source's footers to its DataFrame: each group of files as Spark reads it, all in the one layout."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import reduce

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from core.errors import InputError
from sources.columns import column_named
from sources.file_index import frame_of
from sources.fractions import not_pushed_down
from sources.layout import Group, Layout, lay_out
from sources.listing import SourceFile
from sources.parquet.conversions import converted, final_type, read_type, with_plain_millis
from sources.parquet.footers import Footers
from sources.parquet.kinds import DOUBLE, NULL, Kind, Scalar, Unreadable
from sources.parquet.merging import clashes
from sources.parquet.schema_tree import NEW_TYPES
from sources.parquet.statistics import counts_as
from sources.used_columns import Used
from sources.whole_structs import read_whole, takes_structs_for_null

_FRACTIONS = (Scalar("float"), DOUBLE)


def plan_reading(
    footers: Footers, used: Used, doubtful: Collection[str] = (), *, millis_as_numbers: bool = False
) -> Layout:
    """Settle which columns of the files are read, and as which types; `doubtful`: see `layout.lay_out`.

    `millis_as_numbers`: read timestamps in milliseconds as numbers, and those beyond Spark's range as null; no filter
    on them then reaches the scan.

    Raises:
        InputError: see `layout.lay_out`.
    """
    if not millis_as_numbers:
        plain: list[Mapping[str, Kind]] = [
            {name: with_plain_millis(kind) for name, kind in layout.items()} for layout in footers.layouts
        ]
        footers = replace(footers, layouts=plain)
    return lay_out(footers, used, counts_as, doubtful)


def has_millis(footers: Footers) -> bool:
    """Return whether a file has timestamps in milliseconds."""
    return any(with_plain_millis(kind) != kind for layout in footers.layouts for kind in layout.values())


def require_openable(spark: SparkSession, footers: Footers) -> None:
    """Try a file of each layout with a type so new that a Spark may not be able to open the file at all.

    Raises:
        InputError: a file can't be opened; the text names the file, the column and the type.
    """
    for number, layout in enumerate(footers.layouts):
        found = [
            (path, kind)
            for name, whole in layout.items()
            for path, kind in clashes(name, whole)
            if isinstance(kind, Unreadable) and kind.name in NEW_TYPES
        ]
        file = next((footer.file for footer in footers.footers if footer.layout == number), None)
        if found and file is not None and not _opens(spark, file):
            path, kind = found[0]
            raise InputError(
                f"source file {file.name}: column {'.'.join(path)} is {kind}, and this Spark can't open a file that "
                "has one. Write it without that column, or run on a newer Spark."
            )


def _opens(spark: SparkSession, file: SourceFile) -> bool:
    nothing_of_it = T.StructType([T.StructField("_", T.BooleanType())])
    try:
        frame_of(spark, [file], nothing_of_it, {}).limit(1).collect()
    except (Py4JJavaError, PySparkException):
        return False
    return True


def read(spark: SparkSession, layout: Layout) -> DataFrame:
    """Return all rows of the source's files, in its one layout."""
    return reduce(DataFrame.union, (_read(spark, group, layout) for group in layout.groups))


def _read(spark: SparkSession, group: Group, layout: Layout) -> DataFrame:
    schema = T.StructType(
        [T.StructField(name, read_type(kind)) for name, kind in group.columns.items() if kind != NULL]
    )
    rows = frame_of(spark, group.files, schema, group.folders)
    keep_whole = layout.incomplete if takes_structs_for_null(spark) else frozenset()
    return rows.select(
        [_column(group, name, whole, keep_whole).alias(name) for name, whole in layout.columns.items()]
    )


def _column(group: Group, name: str, whole: Kind, keep_whole: Collection[str]) -> Column:
    if group.columns.get(name) == NULL:
        return F.lit(None).cast(final_type(whole))
    column = read_whole(column_named(name)) if name in keep_whole else column_named(name)
    if name.lower() in group.folders:
        return column if final_type(whole) == T.StringType() else column.cast(final_type(whole))
    own = group.columns[name]
    return converted(not_pushed_down(column) if own in _FRACTIONS else column, own, whole)
