"""The whole job over a real endpoint: what the account says is what the service saw."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from standin.process import StandinProcess
from tests.whole_job.harness import Job, interactions, ledger_ids, rows_in, run_here, sessions_in_order

pytestmark = [pytest.mark.spark, pytest.mark.job]

START = 1_760_000_000


def history(users: int, events: int) -> list[dict[str, Any]]:
    """`events` events for each of `users` users, a session each, a minute apart, in no order of time."""
    return [
        {
            "USER_ID": f"user-{user}",
            "SESSION_ID": f"session-{user}",
            "ITEM_ID": f"item-{number % 17}",
            "TIMESTAMP": START + 60 * ((number * 7) % events),
            "DISCOUNT": "yes" if number % 3 == 0 else None,
        }
        for number in range(events)
        for user in range(users)
    ]


def accepted_in(standin: StandinProcess, tmp_path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    summary = standin.stop()
    return summary, rows_in(tmp_path / "record")


def test_every_valid_event_is_accepted_once_in_full_requests_and_in_order(
    spark: SparkSession, job: Job, standin: StandinProcess, tmp_path: Path
) -> None:
    """A second run sends nothing."""
    job.write_source(interactions(history(users=7, events=23)))
    job.write_source(interactions(history(users=12, events=10)[70:]), "part-1.parquet")

    run = run_here(job, spark)
    second = run_here(job, spark, "second")

    assert run.exit_code == second.exit_code == 0
    summary = run.summary
    assert summary["status"] == "delivered"
    assert second.summary["already_delivered"] == summary["events_delivered"] > 0
    assert second.summary["request_attempts"] == 0
    seen, accepted = accepted_in(standin, tmp_path)
    assert summary["events_delivered"] == len(accepted) == seen["distinct_event_ids"]
    assert sorted(ledger_ids(run.output)) == sorted(event["eventId"] for event in accepted)
    assert summary["requests_delivered"] == summary["minimum_requests"] == seen["requests_accepted"]
    assert all(times == sorted(times) for times in sessions_in_order(accepted).values())


def test_an_overlapping_window_sends_only_what_is_new(
    spark: SparkSession, job: Job, standin: StandinProcess, tmp_path: Path
) -> None:
    job.write_source(interactions(history(users=2, events=30)))
    del job.settings["mapping"]["sessionId"]
    early, late = START + 20 * 60, START + 10 * 60
    first = run_here(job, spark, "first", "--until", _iso(early)).summary
    second = run_here(job, spark, "second", "--since", _iso(late)).summary

    assert first["events_delivered"] == 40
    assert second["already_delivered"] == 20
    assert second["events_delivered"] == 20
    seen, _ = accepted_in(standin, tmp_path)
    assert seen["events_accepted"] == seen["distinct_event_ids"] == 60


def test_bad_rows_are_rejected_whole_with_reasons_and_duplicates_are_dropped(
    spark: SparkSession, job: Job, standin: StandinProcess, tmp_path: Path
) -> None:
    job.settings["checks"]["max_rejected_fraction"] = 0.9
    good = {"TIMESTAMP": START + 1}
    bad = [
        {"SESSION_ID": "null", "ITEM_ID": "bad-session"},
        {"USER_ID": "nan", "ITEM_ID": "bad-user"},
        {"ITEM_ID": " "},
        {"EVENT_TYPE": None, "ITEM_ID": "no-type"},
        {"TIMESTAMP": None, "ITEM_ID": "no-time"},
        {"TIMESTAMP": START * 1000, "ITEM_ID": "milliseconds"},
        {"DISCOUNT": "x" * 1_100, "ITEM_ID": "long-properties"},
    ]
    job.write_source(interactions([good, good, {"TIMESTAMP": START + 2}, *bad]))

    run = run_here(job, spark)

    summary = run.summary
    assert (summary["rows_read"], summary["rows_rejected"], summary["duplicates_dropped"]) == (10, 7, 1)
    assert summary["events_delivered"] == 2
    rejected = run.rejected()
    assert sorted(row["ITEM_ID"] for row in rejected) == sorted(row["ITEM_ID"] for row in bad)
    assert all(row["reasons"] for row in rejected)
    assert set(rejected[0]) == {
        "USER_ID",
        "SESSION_ID",
        "EVENT_TYPE",
        "ITEM_ID",
        "DISCOUNT",
        "TIMESTAMP",
        "reasons",
    }
    assert summary["rejected_by_reason"].keys() == {reason for row in rejected for reason in row["reasons"]}
    seen, _ = accepted_in(standin, tmp_path)
    assert seen["events_accepted"] == 2
    assert seen["requests"] == summary["request_attempts"]


def test_an_event_of_the_future_is_rejected_with_its_reason(spark: SparkSession, job: Job) -> None:
    """The bound is the run's own beginning and a day: an hour ahead may be a clock's fault, two days are not."""
    now = int(datetime.now(UTC).timestamp())
    hours = (-1, 1, 23, 48, 24 * 365)
    job.write_source(interactions([{"TIMESTAMP": now + 3600 * hour} for hour in hours]))

    run = run_here(job, spark)

    reason = "expect_column_values_to_be_between(sentAt)"
    assert run.summary["rejected_by_reason"] == {reason: 2}
    assert run.summary["events_delivered"] == 3
    assert sorted((row["TIMESTAMP"], *row["reasons"]) for row in run.rejected()) == [
        (now + 3600 * hour, reason) for hour in hours[-2:]
    ]


def test_too_many_rejected_rows_send_nothing_at_all(
    spark: SparkSession, job: Job, standin: StandinProcess
) -> None:
    job.settings["checks"]["max_rejected_fraction"] = 0.1
    job.write_source(interactions([{"TIMESTAMP": START}, {"ITEM_ID": "null"}]))

    run = run_here(job, spark)

    assert run.exit_code == 3
    assert run.summary["status"] == "refused"
    assert run.summary["events_not_attempted"] == 1
    assert standin.stop()["requests"] == 0


def test_a_plan_does_everything_but_send(spark: SparkSession, job: Job, standin: StandinProcess) -> None:
    job.write_source(interactions(history(users=2, events=11)))

    run = run_here(job, spark, "plan", "--plan")

    assert run.exit_code == 0
    assert run.summary["status"] == "planned"
    assert run.summary["minimum_requests"] == 4
    assert run.summary["events_not_attempted"] == 22
    assert standin.stop()["requests"] == 0


def test_an_empty_source_is_delivered_with_nothing_to_do(
    spark: SparkSession, job: Job, standin: StandinProcess
) -> None:
    job.write_source(interactions([]))
    run = run_here(job, spark)
    assert run.exit_code == 0
    assert run.summary["rows_read"] == 0
    assert run.rejected() == run.dead_letters() == []
    assert standin.stop()["requests"] == 0


def test_the_same_run_id_replaces_the_runs_files_and_keeps_the_ledger(spark: SparkSession, job: Job) -> None:
    job.write_source(interactions(history(users=1, events=3)))
    first = run_here(job, spark, "day")
    assert {path.name for path in first.folder.iterdir()} == {
        "summary.json",
        "report.html",
        "rejected",
        "dead_letters",
        "validation.json",
        "data_docs",
    }
    assert {path.name for path in first.output.iterdir()} == {"runs", "ledger"}, "no staged event is left"
    (first.folder / "left-over").touch()
    again = run_here(job, spark, "day")
    assert not (again.folder / "left-over").exists()
    assert again.summary["already_delivered"] == 3
    assert len(ledger_ids(again.output)) == 3


def test_nothing_personal_is_in_what_people_read(
    spark: SparkSession, job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    secret = {
        "USER_ID": "SECRETUSER",
        "SESSION_ID": "SECRETSESSION",
        "ITEM_ID": "SECRETITEM",
        "DISCOUNT": "SECRETVALUE",
    }
    job.write_source(interactions([secret, {**secret, "EVENT_TYPE": None}]))
    run = run_here(job, spark, draws=True)
    readable = [path for path in run.folder.rglob("*") if path.suffix in (".json", ".html")]
    assert len(readable) >= 4
    assert all("SECRET" not in path.read_text() for path in readable)
    assert "SECRET" not in caplog.text


def _iso(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat()
