"""A plan says what sending would take, sends nothing, and agrees with the run that follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.whole_job.harness import Job, interactions, run_here

pytestmark = pytest.mark.spark


def session(name: str, user: str | None, events: int) -> list[dict[str, Any]]:
    return [
        {"SESSION_ID": name, "USER_ID": user, "TIMESTAMP": 1_760_000_000 + n, "ITEM_ID": f"i{n}"}
        for n in range(events)
    ]


HISTORY: Sequence[dict[str, Any]] = [
    *session("s1", "personal-ü", 3),
    *session("s2", "personal-ü", 25),
    *session("s3", "u2", 10),
    *session("s4", None, 14),
    *session("s2", "personal-ü", 5),  # duplicates
    {"ITEM_ID": None},  # rejected
]


def test_a_plan_without_credentials_has_the_numbers_of_the_run_that_follows(
    job: Job, spark: SparkSession, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    job.write_source(interactions(HISTORY))
    with monkeypatch.context() as without:
        without.delenv("AWS_ACCESS_KEY_ID")
        without.delenv("AWS_SECRET_ACCESS_KEY")
        planned = run_here(job, spark, "plan", "--plan", "--set", "plan.price_per_gb=2")
    out = capsys.readouterr().out
    plan = planned.summary["plan"]
    assert (planned.exit_code, planned.summary["status"]) == (0, "planned")
    assert (plan["events"], plan["requests"]) == (52, planned.summary["minimum_requests"])
    assert plan["events_per_request"] == [0, 0, 1, 1, 1, 0, 0, 0, 0, 4]
    assert plan["not_full"] == {"short_sessions": 1, "anonymous": 1, "session_ends": 1}
    assert plan["per_user"] == {"requests": 6, "requests_saved": 1}
    assert plan["cost"]["amount"] == pytest.approx(plan["cost"]["bytes"] * 2e-9)
    assert [(way["name"], way["events"], way["left_out"]) for way in plan["ways"]] == [
        ("run", 52, 0),
        ("import", 38, 14),
    ]
    assert "7, 7.43 events each" in out
    assert "personal-" not in out
    assert {need["name"]: need["has"] for need in plan["model_needs"] if not need["is_met"]} == {
        "interactions": 38,
        "users with two interactions": 2,
        "sessions without any userId": 1,
        "events older than 14 days": 52,
        "View events (ECOMMERCE)": 0,
        "Purchase events (ECOMMERCE)": 0,
        "Watch events (VIDEO_ON_DEMAND)": 0,
    }
    assert "38 of 1,000: no model is trained" in out

    run = run_here(job, spark, "run")
    assert run.summary["plan"] is None
    assert run.summary["events_delivered"] == plan["events"]
    assert run.summary["requests_delivered"] == plan["requests"]
    assert "requests needed" not in capsys.readouterr().out

    nothing = run_here(job, spark, "again", "--plan").summary["plan"]
    assert (nothing["events"], nothing["requests"]) == (0, 0)


def test_a_refused_plan_prints_its_numbers(
    job: Job, spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    job.write_source(interactions(HISTORY))
    refused = run_here(job, spark, "plan", "--plan", "--set", "checks.max_rejected_fraction=0")
    assert (refused.exit_code, refused.summary["status"]) == (3, "refused")
    assert refused.summary["plan"]["requests"] == 7
    assert "7, 7.43 events each" in capsys.readouterr().out


def test_a_plan_that_cannot_go_on_says_what_is_missing(
    job: Job, spark: SparkSession, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    del job.settings["mapping"]["eventType"]
    assert run_here(job, spark, "plan", "--plan").exit_code == 2
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        f"{job.folder / 'job.yaml'}: mapping.eventType is missing. Correct the configuration."
    ]
    assert capsys.readouterr().out == ""
