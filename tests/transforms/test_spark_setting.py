"""A Spark setting for one piece of work leaves the session as it was."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from transforms.spark_setting import spark_setting

pytestmark = pytest.mark.spark
SETTING = "spark.sql.maxConcurrentOutputFileWriters"


def test_the_setting_holds_inside_and_what_was_set_before_is_back_after(spark: SparkSession) -> None:
    spark.conf.set(SETTING, "7")
    try:
        with spark_setting(spark, SETTING, "3"):
            assert spark.conf.get(SETTING) == "3"
        assert spark.conf.get(SETTING) == "7"
    finally:
        spark.conf.unset(SETTING)


def test_a_setting_that_was_not_set_is_unset_again_even_after_an_error(spark: SparkSession) -> None:
    with pytest.raises(ZeroDivisionError), spark_setting(spark, SETTING, "3"):
        raise ZeroDivisionError
    assert spark.conf.get(SETTING, None) is None
