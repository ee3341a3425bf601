"""A table that Spark's catalogs know, at one snapshot where its format has them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from py4j.java_gateway import JavaObject, is_instance_of
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from core.as_of import from_millis, last_by, written
from core.catalyst import jvm_of
from core.errors import InputError
from sources.tables.delta import read_delta
from sources.tables.iceberg import frame_of
from sources.tables.locations import refuse_table_at, refuse_tables_elsewhere
from sources.tables.table_failures import opening, whole_text
from sources.tables.table_source import Snapshot, TableSource

_ICEBERG = "org.apache.iceberg.spark."
_ICEBERG_TABLE = "org.apache.iceberg.spark.source.SparkTable"
_ICEBERG_METADATA = "org.apache.iceberg.BaseMetadataTable"
_FILES = ("parquet", "orc")
_FACTS = "# Detailed Table Information"
_UNKNOWN = re.compile(r"(?:CATALOG|SCHEMA|TABLE_OR_VIEW)_NOT_FOUND|PARSE_SYNTAX_ERROR|SINGLE_PART_NAMESPACE")


def read_catalog_table(spark: SparkSession, source: TableSource) -> tuple[DataFrame, Snapshot]:
    """Return all rows of the table that `source.table` names.

    Raises:
        InputError: there is no such table, it can't be opened, it is of a kind that is not read, or its files are
            another table's.
    """
    with opening(source, "catalog"):
        _require_there(spark, source)
        iceberg = _iceberg_table(spark, source)
        if iceberg is not None:
            return _read_iceberg(spark, source, iceberg)
        facts = _facts(spark, source)
    provider = _provider(facts)
    if provider == "delta":
        return read_delta(spark, source)
    _require_files(source, provider)
    location = facts.get("Location", "")
    refuse_table_at(source, location)
    with opening(source, "catalog"):
        rows = spark.table(source.name)
        partitions, size = _listed(spark, rows)
    refuse_tables_elsewhere(source, location, partitions)
    return rows, Snapshot(provider, None, None, size)


def _require_there(spark: SparkSession, source: TableSource) -> None:
    if not _is_there(spark, source.name):
        raise InputError(
            f"{source}: Spark's catalogs know no such table. Check the name, and the catalog's settings of Spark "
            "(spark.sql.catalog.…, or the Hive metastore that hive-site.xml names)."
        )


def _is_there(spark: SparkSession, name: str) -> bool:
    try:
        return spark.catalog.tableExists(name)
    except (PySparkException, Py4JJavaError) as error:
        if _UNKNOWN.search(whole_text(error)):
            return False
        raise


def _iceberg_table(spark: SparkSession, source: TableSource) -> JavaObject | None:
    """Return the Iceberg table as it is now, never refreshed; None where the table is another kind."""
    plan = spark.table(source.name)._jdf.queryExecution().analyzed()  # noqa: SLF001 - PySpark has no public name
    leaves = plan.collectLeaves()
    if leaves.size() != 1 or leaves.apply(0).getClass().getSimpleName() != "DataSourceV2Relation":
        return None
    table = leaves.apply(0).table()
    if not table.getClass().getName().startswith(_ICEBERG):
        return None
    _refuse_selector(spark, source, table)
    jvm, known = jvm_of(spark), table.table()
    metadata = known.operations().current().metadataFileLocation()
    operations = jvm.org.apache.iceberg.StaticTableOperations(metadata, known.io())
    return jvm.org.apache.iceberg.BaseTable(operations, source.name)


def _refuse_selector(spark: SparkSession, source: TableSource, table: JavaObject) -> None:
    """Refuse a name with a selector after the table's: Iceberg takes `events.tag_x`, `events.branch_y`, `events.files`.

    Source: Iceberg's SparkCatalog.load.
    """
    gateway = spark.sparkContext._gateway  # noqa: SLF001 - PySpark has no public name
    if (
        table.getClass().getName() == _ICEBERG_TABLE
        and not is_instance_of(gateway, table.table(), _ICEBERG_METADATA)
        and table.snapshotId() is None
        and table.branch() in (None, "main")
        and (_last_part(source.name) != "rewrite" or _last_part(table.table().name()) == "rewrite")
    ):
        return
    raise InputError(
        f"{source}: the name has a tag, a branch, a snapshot or a metadata table after the Iceberg table's own name. "
        "Name the table alone, and a snapshot by its id as source.as_of."
    )


def _last_part(name: str) -> str:
    return name.strip("`").rpartition(".")[2].lower()


def _read_iceberg(spark: SparkSession, source: TableSource, table: JavaObject) -> tuple[DataFrame, Snapshot]:
    snapshots = {each.snapshotId(): each.timestampMillis() for each in table.snapshots()}
    current = table.currentSnapshot()
    newest = None if current is None else current.snapshotId()
    wanted = newest if source.as_of is None else source.as_of
    if isinstance(wanted, datetime):
        log = [(from_millis(each.timestampMillis()), each.snapshotId()) for each in table.history()]
        wanted = last_by(log, wanted)
    if wanted is not None and wanted not in snapshots:
        raise _no_snapshot(source)
    if wanted is None and source.as_of is not None:
        raise _no_snapshot(source)
    time = None if wanted is None else from_millis(snapshots[wanted])
    rows = frame_of(spark, table, None if wanted == newest else wanted)
    size = None if wanted is None else table.snapshot(wanted).summary().get("total-files-size")
    return rows, Snapshot("iceberg", wanted, time, int(size) if size else None)


def _no_snapshot(source: TableSource) -> InputError:
    asked = written(source.as_of) if isinstance(source.as_of, datetime) else source.as_of
    return InputError(
        f"source.as_of: {source} has no snapshot {asked}: it has expired, or is another table's. Take a newer one."
    )


def _facts(spark: SparkSession, source: TableSource) -> dict[str, str]:
    """Return what the catalog says of a table, by Spark's names for it."""
    described = spark.sql(f"DESCRIBE TABLE EXTENDED {source.name}").collect()
    return _after_columns([(row["col_name"], row["data_type"] or "") for row in described])


def _after_columns(described: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the facts, which follow their heading: before it are the table's columns, of any name."""
    facts: dict[str, str] = {}
    for name, value in reversed(described):
        if name == _FACTS:
            break
        facts.setdefault(name, value)
    return facts


def _provider(facts: Mapping[str, str]) -> str:
    """Return the table's provider in lower case; for a Hive table, the format of its files."""
    provider = (facts.get("Provider") or facts.get("Type") or "").lower()
    if provider == "hive":
        return _kind_of(facts.get("InputFormat", "").lower()) or provider
    return provider


def _kind_of(input_format: str) -> str | None:
    """Return the format of a Hive table's files, by the class in lower case that reads them.

    Hudi's, `HoodieParquetInputFormat`, picks the newest of the files, and Spark would read them all.
    """
    if "hoodie" in input_format:
        return "hudi"
    return next((each for each in _FILES if each in input_format), None)


def _require_files(source: TableSource, provider: str) -> None:
    if provider not in _FILES:
        advice = (
            "its folder as source.path"
            if provider == "hudi"
            else "the table behind it, or write it as Parquet"
        )
        raise InputError(
            f"{source}: it is of the kind {provider or 'unknown'}, but only tables of Iceberg, Delta Lake, Parquet and "
            f"ORC are read. Name {advice}."
        )
    if source.as_of is not None:
        raise InputError(
            f"source.as_of: {source} is a table of {provider} files and has no versions. Take it out."
        )


def _listed(spark: SparkSession, rows: DataFrame) -> tuple[list[str], int | None]:
    """Have Spark list a partitioned table's files; return the folders of the partitions, and the size of the files.

    Before that, and without statistics, Spark takes the size for the largest number (CatalogFileIndex.sizeInBytes,
    `spark.sql.defaultSizeInBytes`). What is listed here is not listed again. Other tables: no folder, and None.
    """
    leaf = rows._jdf.queryExecution().analyzed().collectLeaves().apply(0)  # noqa: SLF001 - no public name
    if leaf.getClass().getSimpleName() != "LogicalRelation":
        return [], None
    files = leaf.relation().location()
    if files.getClass().getSimpleName() != "CatalogFileIndex":
        return [], None
    jvm = jvm_of(spark)
    every_partition = jvm.PythonUtils.toSeq(jvm.java.util.ArrayList())
    listed = files.filterPartitions(every_partition)
    folders = str(listed.rootPaths().mkString("\n"))
    return folders.split("\n") if folders else [], int(listed.sizeInBytes())
