"""What is asked for hundreds of times costs one question to the JVM."""

from __future__ import annotations

from typing import Any, cast

import pytest
from py4j.java_gateway import JVMView
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

pytestmark = pytest.mark.spark


def test_columns_ask_the_jvm_for_no_class_again(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, look_up = list[str](), JVMView.__getattr__

    def looked_up(jvm: JVMView, name: str) -> Any:  # noqa: ANN401 - as py4j has it
        asked.append(name)
        return look_up(jvm, name)

    monkeypatch.setattr(JVMView, "__getattr__", looked_up)
    structs = F.struct("id", F.lit(1)), F.struct("id", F.lit(2))
    assert spark.range(1).select(F.coalesce(*structs), F.col("id") + 1).columns
    assert not [name for name in asked if "functions" in name or "Python" in name]


def test_a_name_still_means_what_it_meant(spark: SparkSession) -> None:
    jvm = cast("Any", spark._jvm)
    assert jvm.java.lang.Integer.parseInt("7") == 7
    assert jvm.org.apache.hadoop.fs.Path("/a/b").getName() == "b"
    assert jvm.org.apache.spark.sql.catalyst.trees.TreePattern.CURRENT_LIKE().toString() == "CURRENT_LIKE"
