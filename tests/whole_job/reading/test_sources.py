"""The whole job over sources as lakes hold them: what is read, what is logged, what the summary says of it."""

from __future__ import annotations

import json
import logging

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from tests.whole_job.harness import SCHEMA, Job, interactions, rows_in, run_here, run_process

pytestmark = pytest.mark.job


def at(*seconds: int) -> pa.Table:
    return interactions(
        [{"TIMESTAMP": 1_760_000_000 + second, "ITEM_ID": f"i{second}"} for second in seconds]
    )


@pytest.mark.spark
@pytest.mark.parametrize("reader", ["driver", "executors"])
def test_layouts_that_differ_are_loaded_and_accounted_for(
    spark: SparkSession,
    job: Job,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    reader: str,
) -> None:
    caplog.set_level(logging.INFO)
    if reader == "executors":
        monkeypatch.setattr("jobs.prepare.preparation.MAX_HERE", 1)
        monkeypatch.setattr("sources.executors.MAX_HERE", 1)
    job.write_source(at(0, 1), "2024.parquet")
    job.write_source(at(2).append_column("coupon", pa.array(["x"])), "day=01/a.parquet")
    job.write_source(
        at(3).append_column("coupon", pa.array([7])).drop_columns(["DISCOUNT"]), "shop/day=02/b.parquet"
    )
    job.write_source(at(9), "day=02/_temporary/0/a.parquet")
    run = run_here(job, spark)
    assert run.exit_code == 0
    assert run.summary["events_delivered"] == run.summary["rows_read"] == run.summary["source"]["rows"] == 4
    assert run.summary["source"]["files"] == 3
    assert run.summary["source"]["differences"] == [
        "DISCOUNT is missing in 1 of 3 files",
        "coupon is missing in 1, string in 1, bigint in 1 of 3 files (not read)",
        "day is missing in 1 of 3 files",
    ]
    assert "3 columns differ between files: DISCOUNT is missing in 1 of 3 files; coupon is" in caplog.text
    assert "Files skipped of a job that failed or still writes: 1 (_temporary)" in caplog.text


@pytest.mark.spark
def test_a_run_that_reads_no_row_says_so_last(
    spark: SparkSession, job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    job.write_source(at(0), "day=01/a.parquet")
    job.settings["source"]["filter"] = "day = '02'"
    run = run_here(job, spark)
    assert (run.exit_code, run.summary["rows_read"]) == (0, 0)
    said = [record.getMessage() for record in caplog.records if record.name == "put_events"]
    assert said[-1].startswith("no row was read")
    assert "No row was read" in (run.folder / "report.html").read_text()


@pytest.mark.spark
def test_a_mark_before_the_schema_and_a_required_session_are_fine(spark: SparkSession, job: Job) -> None:
    fields = [*SCHEMA["fields"], {"name": "SESSION_ID", "type": "string"}]  # type: ignore[misc]
    schema = json.dumps({**SCHEMA, "fields": fields})
    (job.folder / "interactions.avsc").write_text(schema, encoding="utf-8-sig")
    job.write_source(at(0))
    assert run_here(job, spark).summary["events_delivered"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("locale", [{"LC_ALL": "POSIX"}, {"LANG": "en_US.UTF-8", "LC_ALL": ""}])
def test_folders_are_found_in_every_locale(job: Job, locale: dict[str, str]) -> None:
    """Java in a POSIX locale finds no file whose name is not ASCII."""
    for number, country in enumerate(("Spain", "España", "日本")):
        job.write_source(at(number), f"country={country}/a.parquet")
    job.settings["mapping"]["properties"]["DISCOUNT"] = "country"
    run = run_process(job, environ=locale)
    assert run.exit_code == 0, run.log[-2000:]
    job.standin.stop()
    sent = [json.loads(each["event"]) for each in rows_in(job.folder.parent / "record")]
    assert sorted(str(event["properties"]) for event in sent) == [
        json.dumps({"discount": country}, ensure_ascii=False, separators=(",", ":"))
        for country in ("España", "Spain", "日本")
    ]
