"""The counts of a stage are the same from the driver and from Spark, and for any number of groups of rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from expectations.compiler import compile_suites
from expectations.conditions import DISTINCT_COUNT
from expectations.rules import value_name
from expectations.suite import Suite
from jobs.steps import tallying
from jobs.steps.staged_files import staged_files
from jobs.steps.tallying import take_tallies

NAN = float("nan")
PRICES = (0.0, -0.0, NAN, -NAN, None, 1.5, 1.5, 7.5)


@pytest.mark.spark
@pytest.mark.parametrize("limit", [None, "MAX_ROWS_HERE", "MAX_FILES_HERE"])
@pytest.mark.parametrize("max_groups", [0, 3, 100])
def test_values_are_counted_alike_here_and_by_spark_among_few_groups_and_among_many(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, max_groups: int, limit: str | None
) -> None:
    if limit:
        monkeypatch.setattr(f"jobs.steps.staged_files.{limit}", 1)
        monkeypatch.setattr(tallying, "count_groups", None)  # so many rows or files are Spark's to count
    kind = "expect_column_unique_value_count_to_be_between"
    suite = Suite(
        "mine",
        "user",
        (
            {"type": kind, "kwargs": {"column": "price", "max_value": 9}},
            {"type": kind, "kwargs": {"column": "price", "max_value": 9, "row_condition": "price < 5"}},
            {
                "type": "expect_column_values_to_be_between",
                "kwargs": {"column": "price", "max_value": 2.5},
                "severity": "warning",
            },
        ),
    )
    events = spark.createDataFrame([(price,) for price in PRICES], "price double")
    rules = compile_suites(events, suite)
    staged = rules.check(events).select(
        "*",
        F.lit("milliseconds").alias("_unit_instead"),
        F.lit(None).cast("string").alias("_no_text"),
        (F.col("price") > 1).alias("first_of_request"),
        F.when(F.col("_rejected"), "rejected").otherwise("send").alias("outcome"),
    )
    staged.repartition(3).write.partitionBy("outcome").parquet(str(tmp_path / "stage"))
    files = staged_files(str(tmp_path / "stage"))
    stage = spark.read.parquet(str(tmp_path / "stage"))
    tallies = take_tallies(rules, files, stage, max_groups)
    assert [tallies[rule.tallies[DISTINCT_COUNT]] for rule in rules.rules[:2]] == [4, 2]
    assert tallies["rows"] == len(PRICES)
    assert tallies[value_name("_unit_instead", "milliseconds")] == len(PRICES)
    assert tallies[value_name("first_of_request", value=True)] == 5, "NaN is more than any number for Spark"
    assert rules.rejected_by_reason(tallies) == {"expect_column_values_to_be_between(price)": 3}
