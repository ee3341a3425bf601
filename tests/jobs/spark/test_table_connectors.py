"""Which package goes with which Spark, and what is set for it; the JVM is a stand-in."""

from __future__ import annotations

from typing import Any, cast

import pytest
from pyspark import SparkConf
from pytest import MonkeyPatch  # noqa: PT013 - for its type

from jobs.errors import UsageError
from jobs.spark import table_connectors
from jobs.spark.table_connectors import SparkVersion, connector_settings
from sources.tables.table_source import TableSource
from tests.docs.blocks import ROOT

DELTA = TableSource("source.path", "s3://lake/t", "delta")
ICEBERG = TableSource("source.path", "s3://lake/t", "iceberg")
HUDI = TableSource("source.path", "s3://lake/t", "hudi")
EXTENSION = "io.delta.sql.DeltaSparkSessionExtension"


class World:
    """What the JVM has and lacks, and what was fetched for it."""

    def __init__(
        self, monkeypatch: MonkeyPatch, *, spark: str = "4.0", classes: tuple[str, ...] = ()
    ) -> None:
        self.classes = set(classes)
        self.fetched: list[str] = []
        monkeypatch.setattr(table_connectors, "has_class", lambda _, name: name in self.classes)
        monkeypatch.setattr(table_connectors, "_version_of", lambda _: SparkVersion(spark, "2.13"))
        monkeypatch.setattr(table_connectors, "_has_resource", lambda _, __: False)
        monkeypatch.setattr(table_connectors, "jars_of", self._fetch)
        monkeypatch.setattr(table_connectors, "put_on_class_path", self._put)

    def _fetch(self, packages: Any, *_: object) -> tuple[str, ...]:  # noqa: ANN401
        self.fetched.append(packages.coordinates)
        return ("file:///jars/one.jar", "file:///jars/two.jar")

    def _put(self, *_: object) -> None:
        self.classes.add(EXTENSION)


def conf(**settings: str) -> SparkConf:
    """A stand-in: a real SparkConf without a JVM is the same but for what it inherits."""
    made = SparkConf(loadDefaults=False, _jvm=None)
    made._conf = {}
    return made.setAll([(key.replace("__", "."), value) for key, value in settings.items()])


def settings(source: TableSource, given: SparkConf | None = None, *, is_ours: bool = True) -> dict[str, str]:
    return connector_settings(source, given or conf(), is_ours=is_ours)


def test_a_missing_connector_is_fetched_for_the_spark_that_runs(monkeypatch: MonkeyPatch) -> None:
    world = World(monkeypatch)
    found = settings(DELTA, conf(spark__jars="file:///mine.jar"))
    assert world.fetched == ["io.delta:delta-spark_2.13:4.0.1"]
    assert found["spark.jars"] == "file:///mine.jar,file:///jars/one.jar,file:///jars/two.jar"
    assert found["spark.sql.extensions"] == EXTENSION
    assert found["spark.sql.catalog.spark_catalog"].endswith("DeltaCatalog")


def test_a_connector_that_is_there_is_left_alone(monkeypatch: MonkeyPatch) -> None:
    world = World(monkeypatch, classes=(EXTENSION,))
    given = conf(spark__sql__extensions="mine.Extension", spark__sql__catalog__spark_catalog="mine.Catalog")
    assert settings(DELTA, given, is_ours=False) == {"spark.sql.extensions": f"mine.Extension,{EXTENSION}"}
    assert world.fetched == []


def test_a_cluster_without_the_connector_gets_the_packages_name(monkeypatch: MonkeyPatch) -> None:
    World(monkeypatch, spark="3.5")
    with pytest.raises(UsageError) as caught:
        settings(ICEBERG, is_ours=False)
    package = "org.apache.iceberg:iceberg-spark-runtime-3.5_2.13:1.11.0"
    assert (
        f"source.path s3://lake/t: it is a table of Apache Iceberg, and Spark lacks the package {package}"
        in str(caught.value)
    )
    assert f"--packages {package}" in str(caught.value)


@pytest.mark.parametrize(
    ("spark", "package"),
    [
        ("3.5", "org.apache.hudi:hudi-spark3.5-bundle_2.13:1.2.0"),
        ("4.0", "org.apache.hudi:hudi-spark4.0-bundle_2.13:1.2.0"),
        ("4.1", "org.apache.hudi:hudi-spark4.1-bundle_2.13:1.2.0"),
    ],
)
def test_hudi_takes_its_package_and_no_setting(monkeypatch: MonkeyPatch, spark: str, package: str) -> None:
    world = World(monkeypatch, spark=spark)
    with pytest.raises(UsageError, match=f"a table of Apache Hudi, and Spark lacks the package {package}"):
        settings(HUDI, is_ours=False)
    assert list(settings(HUDI)) == ["spark.jars"]
    assert world.fetched == [package]


@pytest.mark.parametrize("source", [DELTA, ICEBERG, HUDI])
def test_a_spark_without_any_connector_is_named(monkeypatch: MonkeyPatch, source: TableSource) -> None:
    World(monkeypatch, spark="4.3")
    with pytest.raises(
        UsageError, match=r"there is no connector for it on Spark 4\.3\. Run on Spark 3\.5 or "
    ):
        settings(source)


@pytest.mark.parametrize(
    ("catalog", "fetched"),
    [
        (
            "org.apache.iceberg.spark.SparkCatalog",
            ["org.apache.iceberg:iceberg-spark-runtime-4.0_2.13:1.11.0"],
        ),
        ("org.apache.spark.sql.delta.catalog.DeltaCatalog", ["io.delta:delta-spark_2.13:4.0.1"]),
        ("com.example.Catalog", []),
    ],
)
def test_a_named_table_takes_its_catalogs_connector(
    monkeypatch: MonkeyPatch, catalog: str, fetched: list[str]
) -> None:
    world = World(monkeypatch)
    source = TableSource("source.table", "`lake`.shop.events", None)
    settings(source, conf(spark__sql__catalog__lake=catalog))
    assert world.fetched == fetched


def test_the_hive_metastore_is_asked_where_one_is_named(monkeypatch: MonkeyPatch) -> None:
    World(monkeypatch)
    source = TableSource("source.table", "shop.events", None)
    given = conf(spark__hadoop__hive__metastore__uris="thrift://127.0.0.1:9083")
    assert settings(source, given) == {"spark.sql.catalogImplementation": "hive"}
    assert settings(source) == {}


def test_every_package_has_a_whole_name() -> None:
    for table_format, spark in table_connectors._COORDINATES:
        package = cast("str", SparkVersion(spark, "2.13").package(table_format))
        assert package.count(":") == 2
        assert "{" not in package


def test_the_documentation_names_the_packages_of_each_spark() -> None:
    page = (ROOT / "docs" / "tables.md").read_text()
    for table_format, spark in table_connectors._COORDINATES:
        package = SparkVersion(spark, "2.12" if spark == "3.5" else "2.13").package(table_format)
        [line] = [line for line in page.splitlines() if line.startswith(f"| {spark} |")]
        assert f"`{package}`" in line
