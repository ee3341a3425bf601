"""A real run's summary and report: what was to be sent by day and type, the settings used, and no value of a row."""

from __future__ import annotations

import pytest
from py4j.protocol import Py4JError
from pyspark.sql import SparkSession

from jobs.steps.counting import DAY
from tests.whole_job.harness import Job, interactions, run_here

pytestmark = [pytest.mark.spark, pytest.mark.job]

MIDNIGHT = 20_371 * 86_400
PERSONAL = ("secret-user", "secret-session", "secret-item", "secret-discount", "4711")


def rows() -> list[dict[str, object]]:
    """Two days, two types; one row without a type, one event twice."""
    usual = {"USER_ID": "secret-user", "SESSION_ID": "secret-session", "DISCOUNT": "secret-discount"}
    times = [MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + 1, MIDNIGHT + 2, MIDNIGHT + 2]
    valid = [{**usual, "ITEM_ID": f"secret-item-{time}", "TIMESTAMP": time} for time in times]
    valid[0]["EVENT_TYPE"] = "buy"
    return [*valid, {**usual, "EVENT_TYPE": None}]


def test_a_run_tells_what_it_was_to_send_and_how_it_was_set_and_no_value_of_a_row(
    spark: SparkSession, job: Job
) -> None:
    job.write_source(interactions(rows()))
    job.settings["source"]["filter"] = "USER_ID = 'secret-user' or TIMESTAMP > 4711"
    run = run_here(job, spark, draws=True)

    summary = run.summary
    assert summary["rows_read"] == 6
    assert summary["events_by_day"] == {"2025-10-09": 1, "2025-10-10": 3}
    assert summary["events_by_type"] == {"view": 3, "buy": 1}
    assert summary["settings"]["delivery.max_attempts"] == 8
    assert summary["settings"]["source.filter"].startswith("USER_ID = ")
    report = (run.folder / "report.html").read_text()
    assert "All 4 events to send went out" in report
    assert not [value for value in PERSONAL if value in report or value in str(summary)]


def test_a_suite_that_looks_at_the_counted_columns_does_not_disturb_them(
    spark: SparkSession, job: Job
) -> None:
    job.write_source(interactions(rows()))
    suite = job.folder / "suite.json"
    suite.write_text(
        '{"name": "mine", "expectations": [{"type": "expect_column_unique_value_count_to_be_between",'
        ' "kwargs": {"column": "eventType", "min_value": 1}}]}'
    )
    job.settings["checks"]["suite"] = str(suite)
    run = run_here(job, spark, "planned", "--plan", draws=True)
    assert run.exit_code == 0
    assert sum(run.summary["events_by_type"].values()) == run.summary["events_not_attempted"] == 4
    assert DAY not in (run.folder / "report.html").read_text()


def test_neither_a_count_nor_a_drawing_that_fails_costs_the_account(
    spark: SparkSession, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> str:
        raise Py4JError("secret-user")

    monkeypatch.setattr("jobs.run.count_staged", fails)
    monkeypatch.setattr("jobs.ending.closing.render_report", fails)
    job.write_source(interactions(rows()))
    run = run_here(job, spark)
    assert run.exit_code == 0
    assert run.summary["events_delivered"] == 4
    assert run.summary["events_by_day"] is None
    assert run.summary["events_by_type"] is None
    assert not (run.folder / "report.html").exists()
