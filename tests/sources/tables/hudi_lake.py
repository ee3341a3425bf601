"""Hudi tables as Hudi's own writer makes them, in a Spark of its own: writing needs settings that reading does not."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyspark
import pytest
from pyspark.sql import SparkSession

from jobs.spark.local.jar_cache import JarCache
from jobs.spark.local.jar_resolver import Packages, jars_of
from jobs.spark.local.java import ensure_java
from tests.jobs.spark.quick_jvm import QUICK_JVM
from tests.sources.tables.session import connector_version

RUNS_HERE = pytest.mark.skipif(
    not pyspark.__version__.startswith("3.5"),
    reason="of Hudi's connectors, only that for Spark 3.5 was ever run here: make test-processes SPARK=3.5",
)

Commit = tuple[str, pa.Table]
"""Hudi's name of the operation, and its rows."""

Layout = tuple[dict[str, str], list[Commit]]
"""A table's own settings, and its commits."""


def events(*rows: tuple[str, str, int, str]) -> pa.Table:
    """Key, user, number and day: the number decides which of two rows with one key is the later."""
    return pa.table(dict(zip(("key", "user", "n", "day"), map(list, zip(*rows, strict=True)), strict=True)))


_HISTORY: list[Commit] = [
    ("upsert", events(("1", "a", 1, "d1"), ("2", "b", 1, "d1"), ("3", "c", 1, "d2"))),
    ("upsert", events(("1", "changed", 2, "d1"), ("4", "d", 1, "d2"))),
    ("delete", events(("2", "b", 3, "d1"))),
]
STATES = [["a", "b", "c"], ["b", "c", "changed", "d"], ["c", "changed", "d"]]
"""The users after each of the three commits."""

_AGAIN: list[Commit] = [("upsert", events(("1", f"a{number}", number, "d1"))) for number in range(1, 5)]
_MOR = {"hoodie.datasource.write.table.type": "MERGE_ON_READ"}
_V6 = {"hoodie.write.table.version": "6"}
_CLEANED = {
    "hoodie.clean.automatic": "true",
    "hoodie.keep.min.commits": "10",
    "hoodie.keep.max.commits": "12",
}
TABLES: dict[str, Layout] = {
    "copied": ({"hoodie.metadata.enable": "true"}, _HISTORY),
    "merged": (_MOR, _HISTORY),
    "copied-6": (_V6, _HISTORY),
    "merged-6": ({**_MOR, **_V6}, _HISTORY),
    "cleaned-commits": ({**_CLEANED, "hoodie.clean.commits.retained": "2"}, _AGAIN),
    "cleaned-versions": (
        {
            **_CLEANED,
            "hoodie.clean.policy": "KEEP_LATEST_FILE_VERSIONS",
            "hoodie.clean.fileversions.retained": "1",
        },
        _AGAIN[:3],
    ),
}
_COMPLETE = re.compile(r"(\d{17})(?:_\d{17})?\.(?:commit|deltacommit)")


@contextmanager
def lake(folder: Path, tables: dict[str, Layout]) -> Iterator[Path]:
    """Write the tables below `folder`, each under its name; the Spark that does has ended when they are there."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pool.submit(_write_all, folder, tables).result()
    yield folder


def complete(table: Path) -> list[Path]:
    """The files of the timeline that complete a commit, oldest first."""
    files = [*table.glob(".hoodie/*"), *table.glob(".hoodie/timeline/*")]
    return sorted((each for each in files if _COMPLETE.fullmatch(each.name)), key=lambda each: each.name)


def instants(table: Path) -> list[int]:
    """The instants of the complete commits, oldest first."""
    return [int(each.name[:17]) for each in complete(table)]


def _write_all(folder: Path, tables: dict[str, Layout]) -> None:
    spark = _start()
    for name, (options, commits) in tables.items():
        for operation, rows in commits:
            _write(spark, folder / name, rows, {"hoodie.datasource.write.operation": operation, **options})
    spark.stop()


def _write(spark: SparkSession, path: Path, rows: pa.Table, options: dict[str, str]) -> None:
    frame = spark.createDataFrame(rows.to_pandas()).coalesce(1)
    settings: dict[str, Any] = {
        "hoodie.table.name": "events",
        "hoodie.datasource.write.recordkey.field": "key",
        "hoodie.datasource.write.precombine.field": "n",
        "hoodie.datasource.write.partitionpath.field": "day",
        "hoodie.metadata.enable": "false",
        "hoodie.clean.automatic": "false",
        "hoodie.embed.timeline.server": "false",
        **{f"hoodie.{what}.shuffle.parallelism": "1" for what in ("insert", "upsert", "delete")},
        **options,
    }
    frame.write.format("hudi").options(**settings).mode("append").save(str(path))


def _start() -> SparkSession:
    os.environ.update(ensure_java(os.environ))
    package = connector_version().package("hudi")
    assert package
    jars = jars_of(Packages("Apache Hudi", package), JarCache.of_user(os.environ), os.environ)
    kryo = "--conf spark.serializer=org.apache.spark.serializer.KryoSerializer"
    memory = "--conf spark.driver.memory=1g --conf spark.ui.enabled=false"
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"--jars {','.join(jars)} {kryo} {memory} pyspark-shell"
    os.environ.update(SPARK_LOCAL_IP="127.0.0.1", SPARK_SUBMIT_OPTS=QUICK_JVM, TZ="UTC")
    spark = SparkSession.builder.master("local[2]").config("spark.sql.shuffle.partitions", "1").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark
