"""The ledger through whole jobs: its columns, its order, and what later runs find in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from tests.whole_job.harness import Job, full_sessions, interactions, rows_in, run_here

pytestmark = [pytest.mark.spark, pytest.mark.job]
AT = 1_760_000_000


def test_a_repeated_run_finds_its_days_and_another_tracking_id_finds_nothing(
    spark: SparkSession, job: Job
) -> None:
    job.write_source(interactions(full_sessions(3)))
    assert run_here(job, spark, "first").summary["events_delivered"] == 30
    rows = rows_in(job.output / "ledger")
    assert set(rows[0]) == {"event_id", "tracking_id", "run_id", "accepted_at", "sent_at"}
    assert {row["sent_at"] for row in rows} == {datetime.fromtimestamp(AT + n, UTC) for n in range(10)}
    assert [path.name.partition(".")[0] for path in (job.output / "ledger").rglob("*.parquet")] == ["sorted"]
    job.write_source(interactions([{"TIMESTAMP": AT + 40 * 86_400}]), "later.parquet")
    again = run_here(job, spark, "again").summary
    assert (again["already_delivered"], again["events_delivered"]) == (30, 1)
    later = run_here(job, spark, "later", "--since", "2025-11-01").summary
    assert (later["rows_read"], later["already_delivered"]) == (1, 1)
    job.settings["personalize"]["tracking_id"] = "another"
    assert run_here(job, spark, "another").summary["events_delivered"] == 31


def emptied(_: bytes) -> bytes:
    return b""


def cut(content: bytes) -> bytes:
    return content[:40]


def with_another_id(content: bytes) -> bytes:
    """One bit of the ids changed, where the page can still be read."""
    ids = pq.ParquetFile(pa.BufferReader(content)).metadata.row_group(0).column(0)
    at = ids.data_page_offset + ids.total_compressed_size * 3 // 4
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def test_a_damaged_ledger_ends_the_run_and_is_named_for_what_it_is(spark: SparkSession, job: Job) -> None:
    """Spark passes over an empty file, as a machine leaves it that lost its power: all would go out a second time."""
    job.write_source(interactions(full_sessions(3)))
    run_here(job, spark, "first")
    (file,) = (job.output / "ledger").rglob("*.parquet")
    whole = file.read_bytes()
    for damage in (emptied, cut, with_another_id):
        file.write_bytes(damage(whole))
        again = run_here(job, spark, damage.__name__)
        said = json.loads((again.folder / "error.json").read_text())["error"]
        assert again.exit_code == 2
        assert said.startswith("ledger file ")
        assert file.name in said
    file.unlink()
    run_here(job, spark, "after")
    seen = job.standin.stop()
    assert (seen["events_accepted"], seen["distinct_event_ids"]) == (60, 30)
