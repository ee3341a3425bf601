from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.dags.aws import Aws, Ending, loopback
from tests.dags.dag_file import parsed, run_once

pytestmark = pytest.mark.usefixtures("database")

RUN = "airflow-20250228T000000-20250301T000000"
KEY = f"/bucket/backfill/runs/{RUN}/summary.json"
COUNTS = dict.fromkeys(
    (
        "rows_read",
        "rows_rejected",
        "duplicates_dropped",
        "already_delivered",
        "events_delivered",
        "events_dead_lettered",
        "events_not_attempted",
        "requests_delivered",
        "request_attempts",
        "throttled_attempts",
    ),
    7,
)
DELIVERED = {"status": "delivered", "exit_code": 0, **COUNTS}
REFUSED = {"status": "refused", "exit_code": 3, **COUNTS}
STOPPED = {"status": "stopped", "exit_code": 5, **COUNTS}
FAILED = "Job failed, please check complete logs in configured logging destination. ExitCode: {}. Last few exceptions:"


# One server for all: Airflow keeps a bucket's connection for as long as its process lives.
@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Aws, str]]:
    aws = Aws()
    with loopback(aws) as url:
        yield aws, url


@pytest.fixture
def aws(served: tuple[Aws, str], monkeypatch: pytest.MonkeyPatch) -> Aws:
    aws, url = served
    aws.clear()
    for name, value in {
        "PERSONALIZE_RUNNER": "emr-serverless",
        "PERSONALIZE_OUTPUT": "s3://bucket/backfill/",
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    return aws


def run(aws: Aws, *endings: Ending) -> tuple[Any, dict[str, Any]]:
    """Run the DAG for a day over job runs that end so; nothing is waited for between looks and tries."""
    aws.endings.extend(endings)
    dag = parsed()
    task = dag.get_task("load")
    task.waiter_delay = 0
    task.retry_delay = timedelta(0)
    return run_once(dag, datetime(2025, 3, 1, tzinfo=UTC))


def test_a_job_on_emr_serverless_gets_the_interval_and_returns_its_summary(aws: Aws) -> None:
    ti, xcom = run(aws, ("SUCCESS", "", {KEY: DELIVERED}))
    assert (ti.state, ti.try_number) == ("success", 1)
    assert xcom["summary"] == {"status": "delivered", **COUNTS}
    (request,) = aws.started
    assert (request["name"], request["executionTimeoutMinutes"]) == (RUN, 720)
    assert request["jobDriver"]["sparkSubmit"]["entryPointArguments"][1:] == [
        "--since=2025-02-28T00:00:00+00:00",
        "--until=2025-03-01T00:00:00+00:00",
        f"--run-id={RUN}",
    ]


def test_what_the_summary_says_of_a_failed_job_decides_whether_it_is_tried_again(aws: Aws) -> None:
    ti, xcom = run(
        aws,
        ("FAILED", FAILED.format(1), {KEY: STOPPED}),
        ("FAILED", FAILED.format(1), {KEY: REFUSED}),
    )
    assert (ti.state, ti.try_number) == ("failed", 2)
    assert xcom["summary"]["status"] == "refused"


def test_a_job_that_wrote_no_summary_is_judged_by_its_state_and_not_by_an_earlier_attempts_summary(
    aws: Aws,
) -> None:
    aws.objects[KEY] = json.dumps({**DELIVERED, "started_at": "2025-03-01T00:00:00+00:00"}).encode()
    ti, xcom = run(
        aws,
        ("CANCELLED", "cancelled by an operator", {}),
        ("FAILED", FAILED.format(2), {}),
    )
    assert (ti.state, ti.try_number) == ("failed", 2)
    assert "summary" not in xcom
    assert aws.cancelled == 0


def test_a_job_that_runs_on_when_the_wait_breaks_off_is_cancelled_before_the_retry(aws: Aws) -> None:
    aws.broken_looks = 1
    ti, xcom = run(aws, ("RUNNING", "", {}), ("SUCCESS", "", {KEY: DELIVERED}))
    assert (ti.state, ti.try_number, aws.cancelled) == ("success", 2, 1)
    assert xcom["summary"]["status"] == "delivered"
