"""A Spark of its own with the connectors, in a process of its own: the other tests' Spark must not know any.

It starts as the job starts one: Delta Lake's jars as a user names them, Iceberg's fetched and added by the job. The one
for Hudi has nothing but what the job adds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyspark
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from core.errors import InputError
from jobs.errors import UsageError
from jobs.prepare.source_table import find_table
from jobs.spark.local.hadoop import spark_home
from jobs.spark.local.jar_cache import JarCache
from jobs.spark.local.jar_resolver import Packages, jars_of
from jobs.spark.local.java import ensure_java
from jobs.spark.spark_failures import SparkFailure, explained
from jobs.spark.spark_session import build_session
from jobs.spark.table_connectors import SparkVersion
from jobs.steps.table_reading import read_table
from sources.tables.table_source import TableSource
from sources.used_columns import used_columns
from tests.jobs.spark.quick_jvm import QUICK_JVM
from transforms.mapping import SourceSettings

_SPARK: SparkSession | None = None


@dataclass(frozen=True)
class Seen:
    """What was read: the rows, what the summary says of the source; or the sentence instead."""

    rows: list[dict[str, Any]]
    account: dict[str, Any]
    refusal: str | None = None

    def sorted(self) -> list[str]:
        return in_order(self.rows)


def events(*rows: tuple[str, int]) -> pa.Table:
    """Rows of the columns `user` and `n`, to write into a table."""
    return pa.table({"user": [row[0] for row in rows], "n": pa.array([row[1] for row in rows], pa.int32())})


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    """Rows in a fixed order, to compare those of two readers."""
    return sorted(str(sorted(row.items())) for row in rows)


class Tables:
    """The process with Spark: reads as the job reads, and runs Spark SQL and Python as a writer would."""

    def __init__(self, pool: ProcessPoolExecutor, warehouse: Path) -> None:
        self._pool = pool
        self.warehouse = warehouse

    def read(self, *, between: Any = None, **source: Any) -> Seen:  # noqa: ANN401
        """Read a source to its end; `between` (a callable of this process) runs after it was opened."""
        if between is None:
            return self._pool.submit(_read, source).result()
        target = self._pool.submit(_open, source).result()
        between()
        return self._pool.submit(_collect, target).result()

    def refused(self, **source: Any) -> str:  # noqa: ANN401
        """The one sentence for a source that can't be read."""
        seen = self.read(**source)
        assert seen.refusal is not None, seen
        assert "\n" not in seen.refusal
        assert len(seen.refusal) < 600
        return seen.refusal

    def sql(self, *statements: str) -> None:
        self._pool.submit(_sql, statements).result()

    def call(self, function: Any, *arguments: Any) -> Any:  # noqa: ANN401
        """Call a function of a test module there, with the session as its first argument."""
        return self._pool.submit(_call, function, arguments).result()


@contextmanager
def tables_session() -> Iterator[Tables]:
    with _session_of(_start) as session:
        yield session


@contextmanager
def hudi_session() -> Iterator[Tables]:
    with _session_of(_start_for_hudi) as session:
        yield session


@contextmanager
def _session_of(start: Callable[[str], None]) -> Iterator[Tables]:
    warehouse = Path(mkdtemp(prefix="warehouse-"))
    pool = ProcessPoolExecutor(1, get_context("spawn"), start, (str(warehouse),))
    try:
        yield Tables(pool, warehouse)
    finally:
        pool.submit(_stop).result()
        pool.shutdown()


def _start(warehouse: str) -> None:
    global _SPARK  # noqa: PLW0603 - a process has one
    os.environ.update(ensure_java(os.environ))
    package = connector_version().package("delta")
    assert package
    jars = jars_of(Packages("Delta Lake", package), JarCache.of_user(os.environ), os.environ)
    lake = "spark.sql.catalog.lake"
    settings = {
        lake: "org.apache.iceberg.spark.SparkCatalog",
        f"{lake}.type": "hadoop",
        f"{lake}.warehouse": f"file://{warehouse}/lake",
        "spark.sql.warehouse.dir": f"file://{warehouse}/spark",
        "spark.sql.shuffle.partitions": "2",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.driver.memory": "1g",
    }
    confs = " ".join(f"--conf {key}={value}" for key, value in settings.items())
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"--jars {','.join(jars)} {confs} pyspark-shell"
    os.environ.update(SPARK_MASTER="local[2]", SPARK_LOCAL_IP="127.0.0.1", SPARK_SUBMIT_OPTS=QUICK_JVM)
    _SPARK = build_session("tables", (), TableSource("source.table", "lake.shop.events", None))


def _start_for_hudi(warehouse: str) -> None:
    global _SPARK  # noqa: PLW0603 - as above
    confs = f"--conf spark.sql.warehouse.dir=file://{warehouse} --conf spark.sql.shuffle.partitions=2"
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"{confs} --conf spark.driver.memory=1g pyspark-shell"
    os.environ.update(SPARK_MASTER="local[2]", SPARK_LOCAL_IP="127.0.0.1", SPARK_SUBMIT_OPTS=QUICK_JVM)
    _SPARK = build_session("tables", (), TableSource("source.path", "t", "hudi"))


def connector_version() -> SparkVersion:
    """The Spark and Scala that run here, before they do."""
    [library] = (spark_home(os.environ) / "jars").glob("scala-library-*.jar")
    scala = library.name.removeprefix("scala-library-")
    return SparkVersion(*(".".join(text.split(".")[:2]) for text in (pyspark.__version__, scala)))


def _stop() -> None:
    _spark().stop()


def _spark() -> SparkSession:
    assert _SPARK is not None
    return _SPARK


def _call(function: Any, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401
    return function(_spark(), *arguments)


def _sql(statements: tuple[str, ...]) -> None:
    """Write with Spark's own settings, and leave the job's as the job begins with them."""
    fields = [f"spark.sql.parquet.fieldId.{what}.enabled" for what in ("read", "write")]
    for key in fields:
        _spark().conf.set(key, "true")
    for statement in statements:
        try:
            _spark().sql(statement)
        except PySparkException as error:  # which can't be pickled
            raise AssertionError(f"{statement}: {error}") from None
    for key in fields:
        _spark().conf.set(key, "false")


_OPENED: dict[int, tuple[DataFrame, dict[str, Any]]] = {}


def _open(source: dict[str, Any]) -> int:
    settings = SourceSettings(**source)
    table = find_table(settings)
    assert table is not None
    used = used_columns(_spark(), filter(None, (*settings.select, settings.filter)))
    read = read_table(_spark(), table, settings, used)
    _OPENED[len(_OPENED)] = read.rows, read.entry().model_dump(mode="json")
    return len(_OPENED) - 1


def _collect(number: int) -> Seen:
    rows, account = _OPENED[number]
    target = mkdtemp(prefix="rows-")
    try:
        rows.write.mode("overwrite").parquet(f"file:{target}")
    except SparkFailure as failure:
        said = explained(failure)
        return Seen([], account, str(said or f"unexplained: {failure}"))
    found: pa.Table = ds.dataset(target, format="parquet", partitioning=None).to_table()
    return Seen(found.to_pylist(), account)


def _read(source: dict[str, Any]) -> Seen:
    try:
        return _collect(_open(source))
    except (InputError, UsageError) as error:
        return Seen([], {}, str(error))
