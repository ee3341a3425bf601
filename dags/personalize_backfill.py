"""One run of the job for each data interval, by spark-submit or on EMR Serverless.

Copy this file into the dags folder; it needs nothing else of the project. It starts the job and judges the
result by exit code and `summary.json`. See docs/airflow.md.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import ObjectStoragePath, dag, get_current_context, task
from airflow.timetables.interval import CronDataIntervalTimetable

try:
    from airflow.sdk.exceptions import AirflowFailException
except ImportError:  # before Airflow 3.2
    from airflow.exceptions import AirflowFailException  # type: ignore[no-redef]

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context
    from airflow.sdk.types import RuntimeTaskInstanceProtocol as TaskInstance

# ── Settings: change them here, or set the environment variables where Airflow runs ──────────────────────────────────
CONFIG = os.environ.get("PERSONALIZE_CONFIG", "s3://my-bucket/personalize/conf/job.yaml")
"""The job's configuration, where the job finds it."""
OUTPUT = os.environ.get("PERSONALIZE_OUTPUT", "s3://my-bucket/personalize/backfill/")
"""The same folder as `output.path` in it, where Airflow finds it; `s3://CONNECTION@bucket/…` names a connection."""
SCHEDULE = os.environ.get("PERSONALIZE_SCHEDULE", "0 0 * * *")
"""Cron, in UTC: a run covers the time from one tick to the next, and starts when that has passed."""
RUNNER = os.environ.get("PERSONALIZE_RUNNER", "spark-submit")
"""`spark-submit` or `emr-serverless`."""
SUBMIT = os.environ.get("PERSONALIZE_SUBMIT", "spark-submit /opt/personalize-backfill/jobs/put_events.py")
"""The command that starts the job from a worker; on a cluster in client mode, as cluster mode loses the exit code."""
MORE_ARGUMENTS = os.environ.get("PERSONALIZE_ARGUMENTS", "")
"""More options of the job, with templates, such as `--set "source.filter=day = '{{ data_interval_start | ds }}'"`."""
EMR_APPLICATION_ID = os.environ.get("PERSONALIZE_EMR_APPLICATION_ID", "00000000000000000")
EMR_ROLE = os.environ.get("PERSONALIZE_EMR_ROLE", "arn:aws:iam::111122223333:role/personalize-backfill")
EMR_CODE = os.environ.get("PERSONALIZE_EMR_CODE", "s3://my-bucket/personalize/code")
"""The folder with `put_events.py`, `code.zip` and `environment.tar.gz` of `make package`."""
EMR_LOGS = os.environ.get("PERSONALIZE_EMR_LOGS", "s3://my-bucket/personalize/logs/")
EMR_SPARK_PARAMETERS = os.environ.get("PERSONALIZE_EMR_SPARK_PARAMETERS", "")
"""More options of spark-submit, such as `--conf …` for executors and memory."""
EMR_TIMEOUT_MINUTES = int(os.environ.get("PERSONALIZE_EMR_TIMEOUT_MINUTES", "720"))
"""EMR Serverless cancels the job after that long; 10,080 (seven days) at most."""
RETRIES = 6
RETRY_DELAY = timedelta(minutes=10)
# ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

RUN_ID = "airflow-{{ data_interval_start | ts_nodash }}-{{ data_interval_end | ts_nodash }}"
"""Depends on the interval alone, so that a retry is the same run. `ts` has colons, which no folder's name may hold."""
ARGUMENTS = [
    f"--config={CONFIG}",
    "--since={{ data_interval_start | ts }}",
    "--until={{ data_interval_end | ts }}",
    f"--run-id={RUN_ID}",
    *shlex.split(MORE_ARGUMENTS),
]

FAILS_FOR_GOOD = {
    2: "fix what error.json in the run's folder (of a failed import, summary.json) or the end of the job's log names; "
    "nothing was sent",
    3: "the checks refused the data, nothing was sent: look at rejected/ and report.html",
    4: "some events were not taken: look at dead_letters/, fix the cause and replay them",
}
"""Exit codes after which the same command would end the same way, and what to do."""

COUNTS = (
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
)
"""The counts of the summary that go to XCom with its status; free text does not go there."""

_LOG = logging.getLogger(__name__)


def failure(exit_code: int | None) -> Exception | None:
    """Return the exception that the task ends with after a job that ended with `exit_code`; None for success.

    `AirflowFailException` is never retried, all else is: 5 (stopped, or S3 failed for the moment), 1 (unexpected), an
    end by a signal (negative, or 128 and more), and an end without a known code (None). Running again is
    always safe, and sends what is missing.
    """
    if exit_code == 0:
        return None
    if exit_code in FAILS_FOR_GOOD:
        return AirflowFailException(f"The job ended with exit code {exit_code}: {FAILS_FOR_GOOD[exit_code]}.")
    code = "no known exit code" if exit_code is None else f"exit code {exit_code}"
    return RuntimeError(f"The job did not finish: it ended with {code}. A retry sends what is missing.")


def emr_exit_code(job: Mapping[str, Any], account: Mapping[str, Any] | None) -> int | None:
    """Return the job's exit code, None if it isn't known; EMR Serverless itself reports only whether it was 0.

    `account` is the run's summary or error, which has the code. A job that wrote neither was killed by a signal, could
    not reach its output, or has not ended: then the text of its state may have the code ("ExitCode: 2."). `job` is
    GetJobRun's `jobRun`.
    """
    if account is not None:
        return int(account["exit_code"])
    if job["state"] == "SUCCESS":
        return 0
    found = re.search(r"ExitCode: (\d+)", job["stateDetails"])
    return int(found[1]) if found else None


def summary_of(run_id: str, since: datetime) -> dict[str, Any] | None:
    """Return the summary of the attempt that began at `since`, or None: an earlier attempt's may still be there."""
    return _left_by(run_id, since, "summary.json")


def error_of(run_id: str, since: datetime) -> dict[str, Any] | None:
    """Return the error of the attempt that began at `since`, or None; code 1, code 2 and an early 5 write it."""
    return _left_by(run_id, since, "error.json")


def _left_by(run_id: str, since: datetime, name: str) -> dict[str, Any] | None:
    path = ObjectStoragePath(OUTPUT) / "runs" / run_id / name
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return content if datetime.fromisoformat(content["started_at"]) >= since else None


def end_task(ti: TaskInstance, exit_code: int | None, summary: Mapping[str, Any] | None) -> None:
    """Push the attempt's counts and status to XCom as `summary`, and end the task as the job ended."""
    if summary is not None:
        ti.xcom_push("summary", {key: summary[key] for key in ("status", *COUNTS)})
    elif exit_code == 0:
        raise AirflowFailException(
            f"The job succeeded, but left no summary below {OUTPUT}: make PERSONALIZE_OUTPUT the output.path of its "
            "configuration."
        )
    error = failure(exit_code)
    if error is not None:
        raise error


def run_process(command: list[str], owner: BaseOperator) -> int:
    """Run the job as a child process that ends with `owner`, its log in the task's, and return its exit code."""
    # If the task is killed outright, Linux itself signals the child; `setpriv` is part of util-linux.
    tied = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    # Airflow's own settings contain its secrets, and its standard input is the connection to its
    # supervisor.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")}
    job = subprocess.Popen(  # noqa: S603 - the command is the settings' own
        [*tied, *command],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    owner.on_kill = job.terminate  # type: ignore[method-assign]
    try:
        for line in job.stdout or ():
            _LOG.info("%s", line.rstrip())
        return job.wait()
    finally:
        job.terminate()
        job.wait()


@task(task_id="load")
def load_by_spark_submit(arguments: list[str], job_run: str) -> None:
    """Run the job with `arguments` from this worker, as the run `job_run`."""
    ti = get_current_context()["ti"]
    began = datetime.now(UTC)
    exit_code = run_process([*shlex.split(SUBMIT), *arguments], ti.task)
    end_task(ti, exit_code, summary_of(job_run, began))


def emr_job_driver(arguments: list[str]) -> dict[str, Any]:
    """Return what EMR Serverless is to run: the package with its own Python, as in conf/emr/serverless-job.json."""
    python = "./environment/bin/python"
    conf = [
        f"spark.archives={EMR_CODE}/environment.tar.gz#environment",
        f"spark.submit.pyFiles={EMR_CODE}/code.zip",
        f"spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON={python}",
        f"spark.emr-serverless.driverEnv.PYSPARK_PYTHON={python}",
        f"spark.executorEnv.PYSPARK_PYTHON={python}",
    ]
    return {
        "sparkSubmit": {
            "entryPoint": f"{EMR_CODE}/put_events.py",
            "entryPointArguments": arguments,
            "sparkSubmitParameters": " ".join(
                [*(f"--conf {each}" for each in conf), EMR_SPARK_PARAMETERS]
            ).strip(),
        }
    }


def _load_operator() -> type[BaseOperator]:
    """Return the operator that runs the job on EMR Serverless: only there is the provider's package needed."""
    from airflow.providers.amazon.aws.operators.emr import EmrServerlessStartJobOperator  # noqa: PLC0415

    class Load(EmrServerlessStartJobOperator):
        """The provider's operator, which ends with the status in the job's summary; its `name` is the run's id."""

        def execute(self, context: Context, event: dict[str, Any] | None = None) -> str | None:
            context["ti"].xcom_push("began", datetime.now(UTC).isoformat())
            try:
                return super().execute(context, event)
            finally:  # deferring the task is an exception
                context["ti"].xcom_push("emr_job", self.job_id)

        # The event only means that the wait has ended, which may itself have failed: so the job's state is
        # looked up.
        def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> None:  # noqa: ARG002
            ti, known = context["ti"], {"applicationId": self.application_id}
            known["jobRunId"] = ti.xcom_pull(task_ids=self.task_id, key="emr_job")
            began = datetime.fromisoformat(ti.xcom_pull(task_ids=self.task_id, key="began"))
            job = self.hook.conn.get_job_run(**known)["jobRun"]
            if job["state"] not in self.aws_hook_class.JOB_TERMINAL_STATES:
                self.hook.conn.cancel_job_run(**known)  # a retry must not run at the same time
            summary = summary_of(str(self.name), began)
            account = summary or error_of(str(self.name), began)
            end_task(ti, emr_exit_code(job, account), summary)

    return Load


def load_on_emr_serverless(arguments: list[str], job_run: str) -> None:
    """Add the task that runs the job with `arguments` on EMR Serverless, as the run `job_run`."""
    _load_operator()(
        task_id="load",
        name=job_run,
        application_id=EMR_APPLICATION_ID,
        execution_role_arn=EMR_ROLE,
        job_driver=emr_job_driver(arguments),
        configuration_overrides={
            "monitoringConfiguration": {"s3MonitoringConfiguration": {"logUri": EMR_LOGS}}
        },
        config={"executionTimeoutMinutes": EMR_TIMEOUT_MINUTES},
        deferrable=True,
        waiter_delay=60,
        # An hour more than the job may take: giving up on a job that still runs would start a second one.
        waiter_max_attempts=EMR_TIMEOUT_MINUTES + 60,
    )


RUNNERS: Mapping[str, Callable[[list[str], str], object]] = {
    "spark-submit": load_by_spark_submit,
    "emr-serverless": load_on_emr_serverless,
}


@dag(
    schedule=CronDataIntervalTimetable(SCHEDULE, timezone="UTC"),
    catchup=False,
    max_active_runs=1,
    # For all runs together, those of a backfill included: a second job that sends to the same tracker is
    # refused.
    default_args={"max_active_tis_per_dag": 1, "retries": RETRIES, "retry_delay": RETRY_DELAY},
    doc_md=__doc__,
    tags=["personalize"],
)
def personalize_backfill() -> None:
    """Load the events of one data interval."""
    if RUNNER not in RUNNERS:
        raise ValueError(f"PERSONALIZE_RUNNER is {RUNNER!r}; it may be {' or '.join(RUNNERS)}.")
    RUNNERS[RUNNER](ARGUMENTS, RUN_ID)


personalize_backfill()
