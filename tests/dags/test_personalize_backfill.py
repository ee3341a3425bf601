from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from tests.dags.airflow_home import ROOT
from tests.dags.dag_file import FILE, imported, parsed

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SUMMARY = {
    "run_id": "r",
    "status": "dead_lettered",
    "exit_code": 4,
    "reason": "in words",
    "tracking_id": "tracker",
    "rows_read": 10,
    "rows_rejected": 1,
    "duplicates_dropped": 0,
    "already_delivered": 2,
    "events_delivered": 6,
    "events_dead_lettered": 1,
    "events_not_attempted": 0,
    "requests_delivered": 3,
    "request_attempts": 4,
    "throttled_attempts": 0,
    "rejected_by_reason": {"a rule": 1},
    "started_at": (BEGAN + timedelta(seconds=1)).isoformat(),
}


class TaskInstance:
    """What a task instance takes for its XCom."""

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: object) -> None:
        self.pushed[key] = value


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("PERSONALIZE_OUTPUT", str(tmp_path / "output"))
    return imported()


def leave_summary(output: Path, content: dict[str, Any], name: str = "summary.json") -> None:
    folder = output / "runs" / "r"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(content))


def test_exit_code_0_is_success(module: ModuleType) -> None:
    assert module.failure(0) is None


@pytest.mark.parametrize("code", [2, 3, 4])
def test_what_would_end_the_same_way_again_is_not_tried_again(module: ModuleType, code: int) -> None:
    failure = module.failure(code)
    assert isinstance(failure, AirflowFailException)
    assert f"exit code {code}: " in str(failure)


@pytest.mark.parametrize("code", [5, 1, -9, -15, 137, 143, None])
def test_what_stopped_before_its_end_is_tried_again(module: ModuleType, code: int | None) -> None:
    failure = module.failure(code)
    assert failure is not None
    assert not isinstance(failure, AirflowFailException)
    assert "A retry sends what is missing" in str(failure)


def test_the_summary_tells_the_exit_code_that_emr_serverless_hides(module: ModuleType) -> None:
    job = {"state": "FAILED", "stateDetails": "Job failed. ExitCode: 1."}
    assert module.emr_exit_code(job, SUMMARY) == 4


@pytest.mark.parametrize(
    ("state", "details", "code"),
    [
        ("SUCCESS", "", 0),
        ("FAILED", "Job failed, please check the logs. ExitCode: 2. Last few", 2),
        ("CANCELLED", "by the user", None),
        ("RUNNING", "", None),
    ],
)
def test_without_a_summary_the_state_of_the_emr_job_tells_what_it_can(
    module: ModuleType, state: str, details: str, code: int | None
) -> None:
    assert module.emr_exit_code({"state": state, "stateDetails": details}, None) == code


def test_only_the_summary_that_this_attempt_wrote_counts(module: ModuleType, tmp_path: Path) -> None:
    assert module.summary_of("r", BEGAN) is None
    leave_summary(tmp_path / "output", SUMMARY)
    assert module.summary_of("r", BEGAN) == SUMMARY
    assert module.summary_of("r", BEGAN + timedelta(minutes=1)) is None


def test_the_error_of_this_attempt_tells_what_no_summary_does(module: ModuleType, tmp_path: Path) -> None:
    error = {"run_id": "r", "exit_code": 2, "error": "…", "started_at": BEGAN.isoformat()}
    assert module.error_of("r", BEGAN) is None
    leave_summary(tmp_path / "output", error, "error.json")
    assert module.error_of("r", BEGAN + timedelta(minutes=1)) is None
    unknown = {"state": "FAILED", "stateDetails": ""}
    assert module.emr_exit_code(unknown, module.error_of("r", BEGAN)) == 2


def test_counts_and_status_go_to_xcom_and_nothing_else_of_the_summary(module: ModuleType) -> None:
    ti = TaskInstance()
    with pytest.raises(AirflowFailException, match="look at dead_letters"):
        module.end_task(ti, 4, SUMMARY)
    assert ti.pushed == {
        "summary": {
            "status": "dead_lettered",
            "rows_read": 10,
            "rows_rejected": 1,
            "duplicates_dropped": 0,
            "already_delivered": 2,
            "events_delivered": 6,
            "events_dead_lettered": 1,
            "events_not_attempted": 0,
            "requests_delivered": 3,
            "request_attempts": 4,
            "throttled_attempts": 0,
        }
    }


def test_a_success_without_a_summary_names_the_setting_that_must_be_wrong(module: ModuleType) -> None:
    with pytest.raises(AirflowFailException, match="make PERSONALIZE_OUTPUT the output"):
        module.end_task(TaskInstance(), 0, None)


def test_the_jobs_log_is_the_tasks_and_none_of_airflows_settings_reach_the_job(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    program = (
        "import os, sys; print(sorted(k for k in os.environ if k.startswith(('AIRFLOW__', 'AWS'))), file=sys.stderr);"
        "print(sys.stdin.read() == ''); sys.exit(3)"
    )
    caplog.set_level("INFO")
    task = TaskInstance()
    assert module.run_process([sys.executable, "-c", program], task) == 3
    assert [record.getMessage() for record in caplog.records if record.name == "personalize_backfill"] == [
        "['AWS_REGION']",
        "True",
    ]


def test_a_task_that_is_asked_to_end_ends_its_job(module: ModuleType) -> None:
    class Task:
        def __setattr__(self, name: str, end: Callable[[], None]) -> None:
            assert name == "on_kill"
            end()

    assert module.run_process([sys.executable, "-c", "import time; time.sleep(60)"], Task()) == -15


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="the machine has no setpriv")
def test_a_task_that_is_killed_outright_takes_its_job_with_it() -> None:
    program = (
        f"import runpy; run = runpy.run_path({str(FILE)!r})['run_process'];"
        "run(['sh', '-c', 'sleep 60; :'], type('Task', (), {})())"
    )
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL) as task:
        job = child_of(psutil.Process(task.pid))
        task.kill()
        # A process that has ended and has no waiting parent is gone as well.
        wait_until(lambda: not job.is_running() or job.status() == psutil.STATUS_ZOMBIE)


def child_of(parent: psutil.Process) -> psutil.Process:
    """Its one child, once that has become the shell."""
    wait_until(lambda: [each.name() for each in parent.children()] == ["sh"])
    return parent.children()[0]


def wait_until(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_the_dag_runs_one_interval_at_a_time_and_names_the_run_by_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PERSONALIZE_CONFIG", "s3://bucket/job.yaml")
    monkeypatch.setenv(
        "PERSONALIZE_ARGUMENTS", """--set "source.filter=event_date = '{{ data_interval_start | ds }}'" """
    )
    dag = parsed()
    assert (dag.max_active_runs, dag.catchup, type(dag.timetable).__name__) == (
        1,
        False,
        "CronDataIntervalTimetable",
    )
    (task,) = dag.tasks
    assert (task.task_id, task.max_active_tis_per_dag, task.retries) == ("load", 1, 6)
    assert list(rendered(task, task.op_args)) == [
        [
            "--config=s3://bucket/job.yaml",
            "--since=2025-02-28T00:00:00+00:00",
            "--until=2025-03-01T00:00:00+00:00",
            "--run-id=airflow-20250228T000000-20250301T000000",
            "--set",
            "source.filter=event_date = '2025-02-28'",
        ],
        "airflow-20250228T000000-20250301T000000",
    ]


def test_emr_serverless_is_awaited_without_a_worker_and_long_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Longer than the job may take."""
    monkeypatch.setenv("PERSONALIZE_RUNNER", "emr-serverless")
    monkeypatch.setenv("PERSONALIZE_EMR_TIMEOUT_MINUTES", "3000")
    monkeypatch.setenv("PERSONALIZE_EMR_SPARK_PARAMETERS", "--conf spark.executor.cores=2")
    (task,) = parsed().tasks
    assert (task.task_id, task.deferrable, task.max_active_tis_per_dag) == ("load", True, 1)
    assert task.config == {"executionTimeoutMinutes": 3000}
    assert task.waiter_delay * task.waiter_max_attempts > 3000 * 60
    driver = rendered(task, task.job_driver)["sparkSubmit"]
    assert driver["sparkSubmitParameters"].endswith("python --conf spark.executor.cores=2")
    assert "--run-id=airflow-20250228T000000-20250301T000000" in driver["entryPointArguments"]
    assert rendered(task, task.name) == "airflow-20250228T000000-20250301T000000"


def test_emr_serverless_is_asked_for_what_the_template_for_it_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONALIZE_RUNNER", "emr-serverless")
    template = json.loads((ROOT / "conf" / "emr" / "serverless-job.json").read_text())
    (task,) = parsed().tasks
    asked, driver = template["jobDriver"]["sparkSubmit"], task.job_driver["sparkSubmit"]
    assert driver["entryPoint"] == asked["entryPoint"]
    assert driver["sparkSubmitParameters"] == asked["sparkSubmitParameters"]
    assert driver["entryPointArguments"][0] == "=".join(asked["entryPointArguments"])
    assert task.configuration_overrides == template["configurationOverrides"]
    assert (task.application_id, task.execution_role_arn) == (
        template["applicationId"],
        template["executionRoleArn"],
    )


def test_a_runner_that_there_is_not_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONALIZE_RUNNER", "emr")
    with pytest.raises(ValueError, match="is 'emr'; it may be spark-submit or emr-serverless"):
        imported()


def test_parsing_the_file_loads_neither_spark_nor_the_amazon_provider() -> None:
    program = (
        f"import runpy, sys; runpy.run_path({str(FILE)!r});"
        "print([m for m in sys.modules if m.split('.')[0] in ('pyspark', 'boto3') or 'providers.amazon.aws' in m])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, timeout=60, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def rendered(task: BaseOperator, field: object) -> Any:  # noqa: ANN401 - as the field is
    """A field with its templates filled in for 28 February 2025."""
    context = {
        "data_interval_start": datetime(2025, 2, 28, tzinfo=UTC),
        "data_interval_end": datetime(2025, 3, 1, tzinfo=UTC),
    }
    return task.render_template(field, context)
