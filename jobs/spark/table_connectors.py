"""The connectors for tables: which package fits which Spark, and how it gets on the class path of this Spark.

A Spark that is started here fetches what it lacks, once; on a cluster the connector is up to the cluster.
Each release is built for one Spark: https://docs.delta.io/releases,
https://iceberg.apache.org/multi-engine-support/ and https://hudi.apache.org/docs/quick-start-guide.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from py4j.java_gateway import JVMView
from py4j.protocol import Py4JJavaError
from pyspark import SparkConf, SparkContext

from jobs.errors import UsageError
from jobs.spark.class_path import context_loader, put_on_class_path, with_jars
from jobs.spark.local.jar_cache import JarCache
from jobs.spark.local.jar_resolver import Packages, jars_of
from sources.tables.table_source import NAMES, TableSource

_CLASSES = {
    "delta": "io.delta.sql.DeltaSparkSessionExtension",
    "iceberg": "org.apache.iceberg.spark.source.SparkTable",
    "hudi": "org.apache.hudi.DefaultSource",
}
_DELTA_CATALOG = "org.apache.spark.sql.delta.catalog.DeltaCatalog"
_ICEBERG_CATALOGS = "org.apache.iceberg."
_EXTENSIONS, _CATALOGS = "spark.sql.extensions", "spark.sql.catalog."
_SESSION_CATALOG = f"{_CATALOGS}spark_catalog"
_IMPLEMENTATION = "spark.sql.catalogImplementation"
_METASTORES = ("spark.hadoop.hive.metastore.uris", "spark.hadoop.hive.metastore.client.factory.class")

_COORDINATES = {
    ("delta", "3.5"): "io.delta:delta-spark_{scala}:3.3.2",
    ("delta", "4.0"): "io.delta:delta-spark_{scala}:4.0.1",
    ("delta", "4.1"): "io.delta:delta-spark_4.1_{scala}:4.4.0",
    ("delta", "4.2"): "io.delta:delta-spark_4.2_{scala}:4.4.0",
    ("iceberg", "3.5"): "org.apache.iceberg:iceberg-spark-runtime-3.5_{scala}:1.11.0",
    ("iceberg", "4.0"): "org.apache.iceberg:iceberg-spark-runtime-4.0_{scala}:1.11.0",
    ("iceberg", "4.1"): "org.apache.iceberg:iceberg-spark-runtime-4.1_{scala}:1.11.0",
    ("hudi", "3.5"): "org.apache.hudi:hudi-spark3.5-bundle_{scala}:1.2.0",
    ("hudi", "4.0"): "org.apache.hudi:hudi-spark4.0-bundle_{scala}:1.2.0",
    ("hudi", "4.1"): "org.apache.hudi:hudi-spark4.1-bundle_{scala}:1.2.0",
}
"""By format and Spark. Where a Spark is missing, there was no release for it yet."""


@dataclass(frozen=True, slots=True)
class SparkVersion:
    """The version of the Spark that runs, such as `3.5` or `4.0`, and of its Scala, such as `2.13`."""

    spark: str
    scala: str

    def package(self, table_format: str) -> str | None:
        """Return the connector's Maven coordinates; None where there is no connector for this Spark."""
        found = _COORDINATES.get((table_format, self.spark))
        return found and found.format(scala=self.scala)


def connector_settings(source: TableSource, conf: SparkConf, *, is_ours: bool) -> dict[str, str]:
    """Check that the JVM has the connectors that `source` needs; return the settings that go with them.

    `is_ours`: this process started the JVM, and fetches what is missing.

    Raises:
        UsageError: one is missing, and the cluster must provide it, it can't be fetched, or is not made for
            this Spark.
    """
    jvm: JVMView = SparkContext._jvm  # noqa: SLF001 - the public ways to the JVM start a context
    settings: dict[str, str] = {}
    formats = _formats(source, conf)
    for table_format in formats:
        if not has_class(jvm, _CLASSES[table_format]):
            jars = _fetched(source, table_format, _version_of(jvm), is_ours=is_ours)
            settings |= with_jars(conf, jars)
            put_on_class_path(jvm, jars)
    if "delta" in formats or (source.format is None and has_class(jvm, _CLASSES["delta"])):
        settings |= _delta_settings(conf)
    if source.format is None:
        settings |= _metastore_settings(conf, has_file=_has_resource(jvm, "hive-site.xml"))
    return settings


def has_class(jvm: JVMView, name: str) -> bool:
    """Return whether Spark's class path has a class."""
    try:
        jvm.java.lang.Class.forName(name, False, context_loader(jvm))
    except Py4JJavaError:
        return False
    return True


def _formats(source: TableSource, conf: SparkConf) -> list[str]:
    """Return the formats whose connectors are needed: the table's own or, of a table in a catalog, the catalog's."""
    if source.format is not None:
        return [source.format]
    catalog = source.name.partition(".")[0].strip("`")
    kind = conf.get(f"{_CATALOGS}{catalog}") or conf.get(_SESSION_CATALOG) or ""
    return ["iceberg"] if kind.startswith(_ICEBERG_CATALOGS) else ["delta"] if kind == _DELTA_CATALOG else []


def _fetched(
    source: TableSource, table_format: str, version: SparkVersion, *, is_ours: bool
) -> tuple[str, ...]:
    name, package = NAMES[table_format], version.package(table_format)
    if package is None:
        raise UsageError(
            f"{source}: it is a table of {name}, and there is no connector for it on Spark {version.spark}. "
            f"Run on Spark {' or '.join(_sparks_with(table_format))}."
        )
    if not is_ours:
        raise UsageError(
            f"{source}: it is a table of {name}, and Spark lacks the package {package}. Start spark-submit with "
            f"--packages {package}, or switch on your cluster's own connector (docs/tables.md)."
        )
    return jars_of(
        Packages(f"the {name} connector for Spark", package), JarCache.of_user(os.environ), os.environ
    )


def _sparks_with(table_format: str) -> list[str]:
    return [spark for name, spark in _COORDINATES if name == table_format]


def _delta_settings(conf: Mapping[str, str] | SparkConf) -> dict[str, str]:
    """Return the extension's setting: without it, Delta Lake's plans keep rows that deletion vectors delete."""
    extensions = [each for each in (conf.get(_EXTENSIONS) or "").split(",") if each]
    if _CLASSES["delta"] not in extensions:
        extensions.append(_CLASSES["delta"])
    catalog = {} if conf.get(_SESSION_CATALOG) else {_SESSION_CATALOG: _DELTA_CATALOG}
    return {_EXTENSIONS: ",".join(extensions), **catalog}


def _metastore_settings(conf: SparkConf, *, has_file: bool) -> dict[str, str]:
    """Have Spark ask the Hive metastore, or Glue behind it, if its configuration names one.

    By default a session made in Python knows only its own tables.
    """
    is_named = has_file or any(conf.get(key) for key in _METASTORES)
    return {_IMPLEMENTATION: "hive"} if is_named and not conf.get(_IMPLEMENTATION) else {}


def _has_resource(jvm: JVMView, name: str) -> bool:
    return context_loader(jvm).getResource(name) is not None


def _version_of(jvm: JVMView) -> SparkVersion:
    spark = str(jvm.org.apache.spark.package.SPARK_VERSION())
    scala = str(jvm.scala.util.Properties.versionNumberString())
    return SparkVersion(*(".".join(text.split(".")[:2]) for text in (spark, scala)))
