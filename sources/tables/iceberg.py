"""An Iceberg table through its own connector, at one snapshot of one metadata file.

Loaded by the classes that Iceberg's own Spark catalogs use: a table that nothing refreshes, so that a commit while the
run reads changes nothing. `spark.read.format("iceberg")` finds only folders of Hadoop's catalog.
"""

from __future__ import annotations

from py4j.java_gateway import JavaClass, JavaObject, JVMView
from pyspark.sql import DataFrame, SparkSession

from core.catalyst import jvm_of
from sources.tables.table_failures import opening
from sources.tables.table_source import Snapshot, TableSource

_BRANCH = "spark.wap.branch"
"""If set, Iceberg reads the branch of this name of a table with write-audit-publish (SparkReadConf.branch)."""


def read_iceberg(spark: SparkSession, source: TableSource) -> tuple[DataFrame, Snapshot]:
    """Return all rows of the snapshot that `source.iceberg` names.

    Raises:
        InputError: the table can't be opened.
    """
    state = source.iceberg
    if state is None:
        raise ValueError(f"{source} has no snapshot")
    jvm = jvm_of(spark)
    with opening(source, "iceberg"):
        hadoop = spark.sparkContext._jsc.hadoopConfiguration()  # noqa: SLF001 - PySpark has no public name
        files = jvm.org.apache.iceberg.hadoop.HadoopFileIO(hadoop)
        operations = jvm.org.apache.iceberg.StaticTableOperations(state.metadata, files)
        table = jvm.org.apache.iceberg.BaseTable(operations, source.name)
        return frame_of(spark, table, None if state.is_current else state.snapshot.version), state.snapshot


def frame_of(spark: SparkSession, table: JavaObject, snapshot: int | None) -> DataFrame:
    """Return the rows of a snapshot (None: the newest) of an Iceberg `Table` that is never refreshed."""
    spark.conf.unset(_BRANCH)
    jvm = jvm_of(spark)
    of_spark = _spark_table(jvm, table, snapshot)
    sql = jvm.org.apache.spark.sql
    none = jvm.scala.Option.apply(None)
    relation = sql.execution.datasources.v2.DataSourceV2Relation.create(of_spark, none, none)
    dataset = sql.Dataset if spark.version.startswith("3.") else sql.classic.Dataset
    return DataFrame(dataset.ofRows(spark._jsparkSession, relation), spark)  # noqa: SLF001


def _spark_table(jvm: JVMView, table: JavaObject, snapshot: int | None) -> JavaObject:
    """Return the table as Spark takes it. Iceberg 1.12 changed its constructor and added a class for time travel."""
    of_spark, travel = jvm.org.apache.iceberg.spark.source.SparkTable, jvm.org.apache.iceberg.spark.TimeTravel
    if isinstance(travel, JavaClass):
        return of_spark(table) if snapshot is None else of_spark.create(table, travel.version(str(snapshot)))
    newest = of_spark(table, False)
    return newest if snapshot is None else newest.copyWithSnapshotId(snapshot)
