"""Find the folders that the filter excludes: Spark evaluates those of its parts that name only folder columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

from pyspark.errors import PySparkException
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from sources.folders import Values
from sources.parquet.kinds import Kind
from sources.used_columns import conjuncts


class FolderFilter:
    """The part of `source.filter` that folders' values alone decide."""

    def __init__(self, spark: SparkSession, condition: str) -> None:
        self._spark = spark
        self._parts = [(text, names) for text, names in conjuncts(spark, condition) if names]
        self._asked: set[str] = set()
        self._decisive: set[str] = set()

    @property
    def applies(self) -> bool:
        """Return whether a part of the filter may be decided by folders."""
        return bool(self._parts)

    def excluded(self, folders: Sequence[Values]) -> list[bool]:
        """Return for each folder, by the values of its path, whether no row in it can pass the filter."""
        out = [False] * len(folders)
        alike: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for index, values in enumerate(folders):
            alike[tuple(values)].append(index)
        for keys, indices in alike.items():
            known = {key.lower() for key in keys}
            parts = [(text, names) for text, names in self._parts if names <= known]
            if parts:
                self._asked |= known
                self._decisive.update(*(names for _, names in parts))
                for index in self._failing(
                    [folders[index] for index in indices], [text for text, _ in parts]
                ):
                    out[indices[index]] = True
        return out

    def names_column_of(self, layouts: Iterable[Mapping[str, Kind]]) -> bool:
        """Return whether files have a column of their own that was taken for their folder's."""
        return any(name.lower() in self._asked for layout in layouts for name in layout)

    def names_column_beyond(self, folders: Iterable[Values]) -> bool:
        """Return whether a column excluded a folder that none of `folders` has: it is null in all their files."""
        return not self._decisive <= {key.lower() for values in folders for key in values}

    def _failing(self, rows: Sequence[Values], parts: Sequence[str]) -> list[int]:
        """Return the numbers of the rows that do not pass; none if Spark can't evaluate a part, reported later."""
        fields = [T.StructField(name, T.StringType()) for name in rows[0]]
        schema = T.StructType([*fields, T.StructField("_folder_number", T.IntegerType())])
        frame = self._spark.createDataFrame(
            [(*row.values(), number) for number, row in enumerate(rows)], schema
        )
        try:
            passes = [F.coalesce(F.expr(part).cast("boolean"), F.lit(False)) for part in parts]
            wanted = frame.where(~_all(passes)).select("_folder_number").collect()
        except PySparkException:
            return []
        return [row[0] for row in wanted]


def _all(conditions: Sequence[Column]) -> Column:
    return reduce(Column.__and__, conditions)
