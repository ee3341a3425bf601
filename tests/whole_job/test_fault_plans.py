"""For any fault of the service, the job ends in the contract's exit code with an account that closes.

The faults are the stand-in's own, against the whole job: few runs, each proving several promises.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from standin.faults import FaultPlan
from tests.whole_job.harness import ledger_ids, run_here
from tests.whole_job.secret_history import a_job, accepted_ids, assert_nothing_leaked, service

pytestmark = [pytest.mark.spark, pytest.mark.job]

MIXED = {"throttle": 0.3, "500": 0.04, "503": 0.04, "reset-before": 0.04, "reset-after": 0.04, "slow": 0.02}


def test_a_storm_of_faults_costs_attempts_and_no_event(spark: SparkSession, tmp_path: Path) -> None:
    with service(tmp_path, faults=MIXED, seed=3, slow_seconds=12) as standin:
        run = run_here(a_job(tmp_path, standin, 60, max_attempts=20, max_requests_per_second=2000), spark)
        seen = standin.stop()
    summary = run.summary
    assert set(seen["faults"]) == set(MIXED), "the seed must give every kind of fault"
    assert (run.exit_code, summary["events_delivered"], summary["events_dead_lettered"]) == (0, 600, 0)
    assert seen["distinct_event_ids"] == len(accepted_ids(tmp_path)) == 600
    assert sorted(ledger_ids(run.output)) == sorted(accepted_ids(tmp_path))
    # What was accepted and not answered, or too late, went out again under the same ids.
    assert seen["events_accepted_again"] == 10 * (seen["faults"]["reset-after"] + seen["faults"]["slow"])
    assert summary["request_attempts"] == seen["requests"]
    assert summary["throttled_attempts"] == seen["faults"]["throttle"]


def test_poison_is_dead_lettered_alone_and_its_neighbours_are_delivered(
    spark: SparkSession, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with service(tmp_path, faults={"poison": 0.01}, seed=3) as standin:
        run = run_here(a_job(tmp_path, standin, 100), spark)
        standin.stop()
    summary, dead = run.summary, run.dead_letters()
    plan = FaultPlan({"poison": 0.01}, seed=3)
    assert (run.exit_code, summary["status"]) == (4, "dead_lettered")
    assert 5 <= len(dead) == summary["events_dead_lettered"] == len({letter["event_id"] for letter in dead})
    assert all(plan.poisons([{"eventId": letter["event_id"]}]) for letter in dead)
    assert not any(plan.poisons([{"eventId": event_id}]) for event_id in ledger_ids(run.output))
    assert {letter["error_code"] for letter in dead} == {"InvalidInputException"}
    assert summary["events_delivered"] == len(accepted_ids(tmp_path)) == 1000 - len(dead)
    assert summary["events_not_attempted"] == 0
    assert_nothing_leaked(run.folder, caplog.text, standin)


FATAL = {
    "forbidden": "permission personalize:PutEvents",
    "unknown-tracker": "check personalize.tracking_id",
}
"""One of AWS's and one of the service's own; `tests/delivery/service/test_faults.py` holds what each code means."""


@pytest.mark.parametrize("fault", FATAL)
def test_what_no_retry_fixes_stops_the_job_and_says_where_to_look(
    fault: str, spark: SparkSession, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with service(tmp_path, faults={fault: 1.0}) as standin:
        run = run_here(a_job(tmp_path, standin, 40), spark)
        requests = standin.stop()["requests"]
    summary = run.summary
    assert (run.exit_code, summary["status"]) == (5, "stopped")
    assert FATAL[fault] in summary["reason"]
    assert FATAL[fault] in caplog.text
    assert (summary["events_not_attempted"], summary["events_dead_lettered"]) == (400, 0)
    assert summary["request_attempts"] == requests <= 40
    assert_nothing_leaked(run.folder, caplog.text, standin)


@pytest.mark.parametrize(
    ("served", "sessions", "reason"), [(0, 3, "not one request"), (20, 60, "nothing any more")]
)
def test_a_service_that_goes_down_stops_a_short_job_too(
    served: int, sessions: int, reason: str, spark: SparkSession, tmp_path: Path
) -> None:
    """Even where it runs out of attempts first."""
    with service(tmp_path, faults={"down": served}) as standin:
        run = run_here(a_job(tmp_path, standin, sessions, max_attempts=3), spark)
    summary = run.summary
    assert (run.exit_code, summary["status"]) == (5, "stopped")
    assert reason in summary["reason"]
    assert summary["events_delivered"] == 10 * served
    assert summary["events_dead_lettered"] == len(run.dead_letters()) == 10 * (sessions - served)
    assert _seconds(summary, "sending_started_at", "finished_at") < 30


def test_a_service_that_never_answers_stops_a_slow_job_within_30_seconds(
    spark: SparkSession, tmp_path: Path
) -> None:
    """Although no partition sees enough of it: all of them together do."""
    with service(tmp_path, faults={"slow": 1.0}, slow_seconds=300) as standin:
        run = run_here(a_job(tmp_path, standin, 100, max_requests_per_second=1), spark)
        requests = standin.stop()["requests"]
    summary = run.summary
    assert (run.exit_code, summary["status"]) == (5, "stopped")
    assert "without a success, the last one with ReadTimeout" in summary["reason"]
    assert (summary["events_not_attempted"], summary["events_dead_lettered"]) == (1000, 0)
    assert summary["request_attempts"] == requests < 30
    assert _seconds(summary, "sending_started_at", "finished_at") < 30, "the account included"


def test_a_service_that_goes_down_stops_the_job_and_the_next_run_sends_the_rest(
    spark: SparkSession, tmp_path: Path
) -> None:
    with service(tmp_path / "first", faults={"down": 60}) as standin:
        job = a_job(tmp_path, standin, 300, max_requests_per_second=100)
        first = run_here(job, spark, "first")
    summary = first.summary
    delivered = accepted_ids(tmp_path / "first")
    assert (first.exit_code, summary["status"]) == (5, "stopped")
    assert "nothing is accepted any more" in summary["reason"]
    assert summary["events_delivered"] == len(delivered) == 600
    assert summary["events_not_attempted"] > 0
    assert _seconds(summary, "sending_started_at", "finished_at") < 30

    with service(tmp_path / "second") as standin:
        job.settings["personalize"]["endpoint_url"] = standin.url
        second = run_here(job, spark, "second")
    rest = accepted_ids(tmp_path / "second")
    assert (second.exit_code, second.summary["already_delivered"]) == (0, 600)
    assert delivered.isdisjoint(rest)
    assert second.summary["events_delivered"] == len(rest) == 2400


def _seconds(summary: dict[str, Any], start: str, end: str) -> float:
    return (datetime.fromisoformat(summary[end]) - datetime.fromisoformat(summary[start])).total_seconds()
