"""A run's dead letters are sent again once the cause is fixed: each exactly once, for any runs afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.runs.run_list import runs_below
from standin.process import StandinProcess
from tests.whole_job.harness import Ended, Job, interactions, ledger_ids, rows_in, run_here

pytestmark = [pytest.mark.spark, pytest.mark.job]

SESSIONS = 40


def history() -> list[dict[str, Any]]:
    return [
        {"USER_ID": f"u{session}", "SESSION_ID": f"s{session}", "TIMESTAMP": 1_760_000_000 + number}
        for session in range(SESSIONS)
        for number in range(10)
    ]


def test_dead_letters_go_out_once_and_no_command_sends_them_again(
    spark: SparkSession, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """When their cause is gone."""
    with StandinProcess(faults={"poison": 0.2}, seed=3) as refusing:
        job = Job(tmp_path / "job", refusing)
        job.write_source(interactions(history()))
        first = run_here(job, spark, "first")
    dead = {letter["event_id"]: letter for letter in first.dead_letters()}
    assert (first.exit_code, len(dead)) == (4, first.summary["events_dead_lettered"])
    assert len(dead) > 40, "the seed must give sessions with several dead letters"
    # As after a crash between merging a partition's segments and deleting them: each letter is there twice.
    for file in list((first.folder / "dead_letters").glob("part-first*.parquet")):
        shutil.copy(file, file.with_name(f"again-{file.name}"))
    (first.folder / "dead_letters" / "notes.txt").write_text("Someone has looked at them.")

    with StandinProcess(record=tmp_path / "record") as fixed:
        job.settings["personalize"]["endpoint_url"] = fixed.url
        replayed = run_here(job, spark, "replayed", "--replay", "first")
        repeated = run_here(job, spark, "repeated", "--replay", "first")
        original = run_here(job, spark, "original")
        nothing = run_here(job, spark, "nothing", "--replay", "original")
        seen = fixed.stop()

    accepted = rows_in(tmp_path / "record")
    assert replayed.exit_code == repeated.exit_code == original.exit_code == 0
    assert sorted(event["eventId"] for event in accepted) == sorted(dead)
    assert {(event["userId"], event["sessionId"]) for event in accepted} <= {
        (f"u{session}", f"s{session}") for session in range(SESSIONS)
    }
    assert_account(
        replayed, rows_read=2 * len(dead), duplicates_dropped=len(dead), events_delivered=len(dead)
    )
    sessions = {letter["envelope"] for letter in dead.values()}
    assert replayed.summary["requests_delivered"] == replayed.summary["minimum_requests"] == seen["requests"]
    assert seen["requests"] == len(sessions) < len(dead)
    assert_account(repeated, rows_read=2 * len(dead), already_delivered=len(dead), events_delivered=0)
    assert_account(original, rows_read=400, already_delivered=400, events_delivered=0)
    assert_account(nothing, rows_read=0, events_delivered=0)
    assert nothing.exit_code == 0
    assert caplog.messages[-1] == "run original left no dead letters: there was nothing to send again"
    assert len(ledger_ids(job.output)) == len(set(ledger_ids(job.output))) == 400
    assert [run.summary["replay_of"] for run in (replayed, repeated, original)] == ["first", "first", None]
    assert "replay of run first" in (replayed.folder / "report.html").read_text()
    assert not (replayed.folder / "stage").exists()
    assert first.summary["status"] == "dead_lettered", "the first run's folder stays as it was"
    assert listed(job) == [
        ("first", "dead_lettered", 400 - len(dead), len(dead)),
        ("replayed", "delivered", len(dead), 0),
        ("repeated", "delivered", 0, 0),
        ("original", "delivered", 0, 0),
        ("nothing", "delivered", 0, 0),
    ]


def assert_account(run: Ended, **counts: int) -> None:
    assert {key: run.summary[key] for key in counts} == counts
    assert run.summary["rows_rejected"] == run.summary["events_dead_lettered"] == 0


def listed(job: Job) -> list[tuple[str, str, int | None, int | None]]:
    found = runs_below(str(job.output), lambda _: False)
    return [
        (
            run.run_id,
            run.state.status,
            summary.events_delivered if (summary := run.state.summary) else None,
            run.dead_letters,
        )
        for run in found
    ]
