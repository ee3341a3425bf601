"""A trial, `--first N`, sends N events and not one more; the same command without it sends the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from standin.process import StandinProcess
from tests.whole_job.harness import Job, interactions, ledger_ids, rows_in, run_here, sessions_in_order

pytestmark = [pytest.mark.spark, pytest.mark.job]

SESSIONS = 12


def history() -> list[dict[str, Any]]:
    """Sessions of 1 to 34 events, in all more than one partition's worth."""
    return [
        {"USER_ID": f"u{session}", "SESSION_ID": f"s{session}", "TIMESTAMP": 1_760_000_000 + number}
        for session in range(SESSIONS)
        for number in range(1 + 3 * session)
    ]


EVENTS = len(history())


def test_a_trial_sends_n_events_and_the_next_run_the_rest(
    spark: SparkSession, job: Job, standin: StandinProcess, tmp_path: Path
) -> None:
    job.write_source(interactions(history()))
    trials = [run_here(job, spark, f"trial-{n}", "--first", str(n)) for n in (1, 10, 57)]
    rest = run_here(job, spark, "rest")
    seen = standin.stop()

    for trial, first in zip(trials, (1, 10, 57), strict=True):
        summary = trial.summary
        assert (trial.exit_code, summary["status"]) == (5, "stopped")
        assert "trial" in summary["reason"]
        assert summary["events_delivered"] == first
    assert (rest.exit_code, rest.summary["events_delivered"]) == (0, EVENTS - 68)
    assert rest.summary["already_delivered"] == 68
    assert rest.summary["requests_delivered"] == rest.summary["minimum_requests"]
    assert seen["events_accepted"] == seen["distinct_event_ids"] == EVENTS
    assert sorted(ledger_ids(job.output)) == sorted(
        event["eventId"] for event in rows_in(tmp_path / "record")
    )
    accepted = rows_in(tmp_path / "record")
    assert all(times == sorted(times) for times in sessions_in_order(accepted).values())


def test_a_trial_with_room_for_all_is_delivered(spark: SparkSession, job: Job) -> None:
    """Nothing is left for another run, so nothing was stopped."""
    job.write_source(interactions(history()))
    run = run_here(job, spark, "trial", "--first", str(EVENTS))
    assert (run.exit_code, run.summary["status"], run.summary["reason"]) == (0, "delivered", None)
    assert run.summary["events_delivered"] == EVENTS


def test_a_trial_in_long_sessions_has_full_requests(spark: SparkSession, job: Job) -> None:
    job.write_source(interactions([{"TIMESTAMP": 1_760_000_000 + n} for n in range(100)]))
    run = run_here(job, spark, "trial", "--first", "35")
    assert run.summary["requests_delivered"] == 4
    assert run.summary["events_per_request"] == [0, 0, 0, 0, 1, 0, 0, 0, 0, 3]


def test_a_refused_event_counts_in_a_trial_and_a_replay_can_be_one(
    spark: SparkSession, tmp_path: Path
) -> None:
    with StandinProcess(faults={"poison": 1.0}, seed=3) as refusing:
        job = Job(tmp_path / "job", refusing)
        job.write_source(interactions(history()))
        dead = run_here(job, spark, "dead", "--first", "20")
        assert (dead.exit_code, dead.summary["events_dead_lettered"]) == (5, 20)
        assert refusing.stop()["events_accepted"] == 0
    with StandinProcess() as fixed:
        job.settings["personalize"]["endpoint_url"] = fixed.url
        some = run_here(job, spark, "some", "--replay", "dead", "--first", "8")
        rest = run_here(job, spark, "others", "--replay", "dead")
        assert (some.exit_code, some.summary["events_delivered"]) == (5, 8)
        assert (rest.exit_code, rest.summary["events_delivered"]) == (0, 12)
        assert fixed.stop()["distinct_event_ids"] == 20


def test_a_plan_proposes_a_trial_until_the_ledger_knows_the_tracker(
    spark: SparkSession, job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    job.write_source(interactions(history()))
    before = run_here(job, spark, "before", "--plan")
    assert "run with --first 100" in " ".join(capsys.readouterr().out.replace("|", " ").split())
    run_here(job, spark, "trial", "--first", "5")
    after = run_here(job, spark, "after", "--plan")
    assert "--first" not in capsys.readouterr().out
    assert (before.summary["plan"]["first_contact"], after.summary["plan"]["first_contact"]) == (True, False)
