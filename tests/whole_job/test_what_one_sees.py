"""What a run shows of itself while it goes on, and of its sending afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.steps import counting
from standin.process import StandinProcess
from tests.whole_job.harness import Job, interactions, run_here

pytestmark = [pytest.mark.spark, pytest.mark.job]


def jobs_by_number(spark: SparkSession) -> dict[int, str | None]:
    """Spark's jobs up to now, each with its name as the UI shows it; None where it has none."""
    context = spark.sparkContext._jsc.sc()
    context.listenerBus().waitUntilEmpty()
    jobs = context.statusStore().jobsList(None)
    listed = [jobs.apply(place) for place in range(jobs.size())]
    return {job.jobId(): job.description().get() if job.description().isDefined() else None for job in listed}


def test_sparks_jobs_bear_the_names_of_phases_and_the_timeline_counts_every_attempt(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "are_few", lambda _: False)  # so few events are counted without Spark
    rows = [
        {"SESSION_ID": f"s{number % 40}", "USER_ID": f"u{number % 40}", "TIMESTAMP": 1_760_000_000 + number}
        for number in range(620)
    ]
    with StandinProcess(record=tmp_path / "record", quota=15) as standin:
        job = Job(tmp_path / "job", standin)
        job.settings["delivery"] = {"max_requests_per_second": 60}
        job.write_source(interactions([*rows, {"ITEM_ID": None}]))
        before = jobs_by_number(spark)
        run = run_here(job, spark)
        seen = standin.stop()
    summary = run.summary
    assert summary["status"] == "delivered"

    names = [name for number, name in sorted(jobs_by_number(spark).items()) if number not in before]
    assert "prepare workers" in names, "during the first phases, in a separate thread"
    assert [name for name in dict.fromkeys(names) if name != "prepare workers"] == [
        "read, check and stage",
        "write rejected",
        "send",
        "count by day and type",
    ]

    timeline = summary["timeline"]
    assert sum(timeline["attempts"]) == summary["request_attempts"] == seen["requests"]
    assert sum(timeline["delivered"]) == summary["requests_delivered"]
    assert sum(timeline["throttled"]) == summary["throttled_attempts"] > 0
    assert timeline["started_at"][:19] == summary["sending_started_at"][:19]
    # 40 sessions of 15 or 16 events: a full request each, and one of what is left over.
    assert summary["events_per_request"] == [0, 0, 0, 0, 20, 20, 0, 0, 0, 40]
