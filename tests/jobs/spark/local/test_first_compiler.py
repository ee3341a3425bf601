from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest
from py4j.protocol import Py4JError
from pyspark.sql import SparkSession

from jobs.spark.local.first_compiler import diagnose, spare_second_compiler

PATTERNS = re.findall(r'"(.+?)"', (files("jobs.spark.local") / "first_compiler.directives").read_text())


def test_a_spark_that_was_started_here_compiles_what_starts_a_run_only_once(spark: SparkSession) -> None:
    directives = diagnose(gateway(spark), "compilerDirectivesPrint").split("Directive:")
    ours = next(each for each in directives if "org/antlr" in each)
    assert [pattern for pattern in PATTERNS if pattern not in ours] == []
    first, second = ours.split("c2 directives:")
    assert "Exclude:false" in first
    assert "Exclude:true" in second


def test_every_pattern_names_classes_that_a_run_loads(spark: SparkSession) -> None:
    """One that no longer does would say nothing, and the start would be slower. The JDK's differ by its version."""
    spark.range(3).selectExpr("id + 1 as more").where("more > 1").collect()
    loaded = diagnose(gateway(spark), "vmClassHierarchy")
    ours = [pattern for pattern in PATTERNS if not pattern.startswith(("jdk/", "java/", "sun/"))]
    classes = [pattern.split("*")[0].replace("/", ".") for pattern in ours]
    assert [name for name in classes if name not in loaded] == []


def test_every_pattern_for_a_method_of_the_expressions_names_one(spark: SparkSession) -> None:
    expressions = "org/apache/spark/sql/catalyst/expressions/*."
    patterns = [
        each.removeprefix(expressions).rstrip("*") for each in PATTERNS if each.startswith(expressions)
    ]
    loader = spark.sparkContext._jvm.java.lang.Thread.currentThread().getContextClassLoader()
    expression = loader.loadClass("org.apache.spark.sql.catalyst.expressions.UnaryExpression")
    methods = {method.getName() for method in expression.getMethods()}
    assert len(patterns) == 3
    assert [name for name in patterns if name not in methods] == []


def test_the_package_may_be_in_any_folder(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The JVM divides a command at blanks, and a name at `=`, unless it is quoted."""
    package = tmp_path / "My Projects" / "a=b"
    package.mkdir(parents=True)
    (package / "first_compiler.directives").write_text('[{match: "no/such/Class.*", c2: {Exclude: true}}]')
    monkeypatch.setattr("jobs.spark.local.first_compiler.files", lambda _: package)
    spare_second_compiler(gateway(spark))
    assert "no/such/Class.*" in diagnose(gateway(spark), "compilerDirectivesPrint")
    diagnose(gateway(spark), "compilerDirectivesRemove")
    assert "no/such/Class.*" not in diagnose(gateway(spark), "compilerDirectivesPrint")


def test_a_jvm_without_such_commands_stays_as_it_is(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.spark.local.first_compiler._COMMANDS", "com.sun.management:type=NoSuchCommands")
    with pytest.raises(Py4JError):
        diagnose(gateway(spark), "compilerDirectivesPrint")
    spare_second_compiler(gateway(spark))


def gateway(spark: SparkSession) -> object:
    return spark.sparkContext._gateway
