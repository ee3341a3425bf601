"""Bad input that only Spark can tell: the same clear sentence, without Spark's stack trace."""

from __future__ import annotations

import logging
from datetime import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from tests.whole_job.bad_input.spoiling import ROWS, Spoil, assert_one_sentence, put, suite_with
from tests.whole_job.harness import Ended, Job, interactions, run_here

pytestmark = pytest.mark.job

WITH_SPARK: dict[str, tuple[Spoil, tuple[str, ...]]] = {
    "expression that does not parse": (
        lambda job: put(job, "mapping.itemId", "ITEM_ID +"),
        ("mapping.itemId",),
    ),
    "column that does not exist": (
        lambda job: put(job, "mapping.itemId", "ITEM_IDS"),
        ("mapping.itemId", "ITEM_ID"),
    ),
    "filter on no column": (lambda job: put(job, "source.filter", "day > 1"), ("source.filter",)),
    "select that does not parse": (lambda job: put(job, "source.select", ["explode("]), ("source.select",)),
    "an id that changes each time": (lambda job: put(job, "mapping.itemId", "uuid()"), ("mapping.itemId",)),
    "columns that differ": (
        lambda job: pq.write_table(pa.table({"ITEM_ID": [1]}), job.folder / "source" / "part-1.parquet"),
        ("part-1.parquet", "differ in column"),
    ),
    "a time's pattern that Java does not know": (
        lambda job: put(job, "mapping.eventType", "from_unixtime(TIMESTAMP, 'bbb')"),
        ("could not compute the events: ", "an expression in mapping"),
    ),
    "the same in a filter": (
        lambda job: put(job, "source.filter", "from_unixtime(TIMESTAMP, 'bbb') > '2'"),
        ("could not compute the events: ", "source.filter"),
    ),
    "the same in a select list": (
        lambda job: put(job, "source.select", ["*", "from_unixtime(TIMESTAMP, 'bbb') as day"]),
        ("could not compute the events: ", "source.select"),
    ),
    "wrong unit": (
        lambda job: put(job, "mapping.sentAt.unit", "milliseconds"),
        ("mapping.sentAt", "seconds"),
    ),
    "damaged in the middle": (
        lambda job: _damage(job.folder / "source" / "part-0.parquet"),
        ("part-0.parquet",),
    ),
    "times of another form": (
        lambda job: put(
            job,
            "mapping.sentAt",
            {"expr": "date_format(timestamp_seconds(TIMESTAMP), 'dd/MM/yyyy HH:mm:ss')", "unit": "iso8601"},
        ),
        ("mapping.sentAt", "to_timestamp(…, 'dd/MM/yyyy HH:mm:ss')"),
    ),
    "a type that Spark does not read": (
        lambda job: (
            job.write_source(interactions(ROWS).append_column("at", pa.array([time(1)] * len(ROWS)))),
            put(job, "mapping.properties.DISCOUNT", "at"),
        ),
        ("part-0.parquet", "column at is TIME"),
    ),
    "nanoseconds as text": (
        lambda job: (
            job.write_source(
                interactions(ROWS).append_column("at", pa.array(range(len(ROWS)), pa.timestamp("ns")))
            ),
            put(job, "source.select", ["*", "at as item"]),
            put(job, "mapping.itemId", "item"),
        ),
        ("mapping.itemId: column at has times in nanoseconds",),
    ),
    "rule that crashes": (
        lambda job: suite_with(
            job, {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "itemId", "regex": "("}}
        ),
        ("expect_column_values_to_match_regex",),
    ),
}


@pytest.mark.spark
@pytest.mark.parametrize("case", WITH_SPARK)
def test_what_only_spark_can_tell_is_said_without_its_stack_trace(
    case: str, spark: SparkSession, job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    spoil, said = WITH_SPARK[case]
    job.write_source(interactions(ROWS * 50))
    spoil(job)
    run: Ended = run_here(job, spark)
    assert run.exit_code == 2
    assert_one_sentence(caplog.text, *said)
    assert [path.name for path in run.folder.iterdir()] == ["error.json"]
    assert_one_sentence((run.folder / "error.json").read_text(), *said)


def _damage(path: Path) -> None:
    """Overwrite pages in the middle: the footer stays whole."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 3
    content[4:middle] = b"\xff" * (middle - 4)
    path.write_bytes(bytes(content))


@pytest.mark.spark
def test_a_page_with_an_index_beyond_its_dictionary_is_in_a_named_file(
    job: Job, spark: SparkSession, caplog: pytest.LogCaptureFixture
) -> None:
    """Spark's vectorized reader finds that out where it has forgotten the file: a mapping was blamed.

    A time that Spark can't read has the source read another way, too: one such reading follows the other.
    """
    for number in range(2):
        rows = [{"ITEM_ID": f"i{row % 5}", "TIMESTAMP": 1_760_000_000 + row} for row in range(80)]
        beyond = pa.array([2**63 - 1 if number == 0 else 0] * 80, pa.timestamp("ms"))
        table = interactions(rows).select(["TIMESTAMP", "ITEM_ID"]).append_column("seen", beyond)
        pq.write_table(table, job.folder / "source" / f"part-{number}.parquet", compression="none")
    file = job.folder / "source" / "part-1.parquet"
    chunk = pq.read_metadata(file).row_group(0).column(1)
    content = bytearray(file.read_bytes())
    end = chunk.dictionary_page_offset + chunk.total_compressed_size
    content[end - 20 : end] = b"\xff" * 20  # each a 7, in three bits
    file.write_bytes(content)
    put(job, "mapping", {"userId": "'u'", "eventType": "'view'", "itemId": "ITEM_ID", "sentAt": "TIMESTAMP"})
    before = spark.conf.get("spark.sql.parquet.enableVectorizedReader", "true")
    try:
        assert run_here(job, spark).exit_code == 2
    finally:
        spark.conf.set("spark.sql.parquet.enableVectorizedReader", before)
    [said] = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert "part-1.parquet can't be read: it is damaged or not Parquet throughout" in said
