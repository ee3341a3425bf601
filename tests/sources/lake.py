"""A small lake to read in a test: files as their writers make them, and what the job reads of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import Column, DataFrame, SparkSession

from sources.finding import SourceFiles, find_files
from sources.pruning import FolderFilter
from sources.reading import plan_reading, read
from sources.used_columns import ALL, Used, used_columns


def write(path: Path, columns: dict[str, Any] | pa.Table, **options: Any) -> Path:  # noqa: ANN401
    """Write one file of Parquet, with pyarrow."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path, **options)
    return path


def find(*paths: Path | str) -> SourceFiles:
    return find_files([str(path) for path in paths])


def frame(spark: SparkSession, *paths: Path | str, uses: str | None = None) -> DataFrame:
    """All rows; `uses`: the SQL that names the columns in use, None for all of them."""
    used: Used = ALL if uses is None else used_columns(spark, [uses])
    return read(spark, plan_reading(find(*paths).footers, used))


def filtered(spark: SparkSession, path: Path, condition: str) -> tuple[DataFrame, SourceFiles]:
    """What a filter leaves, and the files that were looked at for it."""
    files = find_files([str(path)], FolderFilter(spark, condition))
    rows = read(spark, plan_reading(files.footers, used_columns(spark, [condition])))
    return rows.where(condition), files


def values(rows: DataFrame, *columns: str | Column) -> list[Any]:
    """The rows' values in a fixed order: of one column alone, or tuples."""
    found = [tuple(row) for row in rows.select(*columns).collect()]
    return sorted((row[0] if len(columns) == 1 else row for row in found), key=repr)
