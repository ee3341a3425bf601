"""What a table of Spark's catalogs is made of, by what Spark says of it; Spark is a stand-in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.errors import InputError
from sources.tables import catalog
from sources.tables.table_source import TableSource

SOURCE = TableSource("source.table", "shop.events", None)


def spark_that_says(**facts: str) -> Any:  # noqa: ANN401
    rows = [{"col_name": name, "data_type": value} for name, value in facts.items()]
    return SimpleNamespace(sql=lambda _: SimpleNamespace(collect=lambda: rows))


@pytest.mark.parametrize(
    ("input_format", "kind"),
    [
        ("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat", "parquet"),
        ("org.apache.hadoop.hive.ql.io.orc.OrcInputFormat", "orc"),
        ("org.apache.hudi.hadoop.HoodieParquetInputFormat", "hudi"),
        ("org.apache.hudi.hadoop.realtime.HoodieParquetRealtimeInputFormat", "hudi"),
        ("org.apache.hadoop.mapred.TextInputFormat", "hive"),
    ],
)
def test_a_hive_tables_kind_is_that_of_its_files(input_format: str, kind: str) -> None:
    """Hudi's classes for Hive have Parquet in their name, and old versions among their files."""
    spark = spark_that_says(Provider="hive", InputFormat=input_format)
    assert catalog._provider(spark, SOURCE) == kind


@pytest.mark.parametrize(
    ("kind", "advice"), [("hudi", "Name its folder as source.path."), ("csv", "or write it as Parquet.")]
)
def test_a_table_of_another_kind_is_refused(kind: str, advice: str) -> None:
    with pytest.raises(InputError, match=f"it is of the kind {kind}") as caught:
        catalog._read_files(cast("Any", None), SOURCE, kind)
    assert str(caught.value).endswith(advice)
