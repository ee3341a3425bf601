"""A shop's log, a stand-in of the service, and the DAG set up to load the one into the other by spark-submit.

What needs the job's packages runs under the job's own Python (`JOB_PYTHON`, by default that of `.venv`).
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.dags.airflow_home import ROOT

JOB_PYTHON = os.environ.get("JOB_PYTHON", str(ROOT / ".venv" / "bin" / "python"))
SPARK = (
    "--master local[2] --conf spark.ui.enabled=false --conf spark.driver.memory=1g"
    " --conf spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1"
)


@dataclass(frozen=True)
class Shop:
    """Its folder, the truth about its two days, and the service that takes its events."""

    folder: Path
    first_day: datetime
    days: list[dict[str, int]]
    service: subprocess.Popen[str]
    environ: dict[str, str]

    @property
    def output(self) -> Path:
        return self.folder / "output"

    def end_of(self, day: int) -> datetime:
        """When that day is over, which is when its run is due."""
        return self.first_day + timedelta(days=day + 1)

    def summary(self, day: int) -> dict[str, Any]:
        """The summary of the run of that day."""
        since, until = (f"{self.end_of(number):%Y%m%dT%H%M%S}" for number in (day - 1, day))
        path = self.output / "runs" / f"airflow-{since}-{until}" / "summary.json"
        summary: dict[str, Any] = json.loads(path.read_text())
        return summary

    def end_service(self) -> dict[str, Any]:
        """End the service and return its account."""
        self.service.terminate()
        account: dict[str, Any] = json.loads(self.service.communicate(timeout=30)[0])
        return account


@contextmanager
def open_shop(folder: Path) -> Iterator[Shop]:
    """A shop with its service on loopback, which ends with the block."""
    command = [JOB_PYTHON, "-m", "standin", f"--record={folder / 'record'}", "--seconds=400"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout is not None
            url = json.loads(service.stdout.readline())["url"]
            laid = _lay_out(folder, url)
            first_day = datetime.fromisoformat(laid["first_day"])
            yield Shop(folder, first_day, laid["days"], service, _environ(folder, laid))
        finally:
            service.kill()


def _lay_out(folder: Path, url: str) -> dict[str, Any]:
    command = [JOB_PYTHON, "-m", "tests.dags.lay_out", str(folder), url]
    listed = subprocess.run(command, cwd=ROOT, check=True, timeout=60, capture_output=True, text=True)
    laid: dict[str, Any] = json.loads(listed.stdout)
    return laid


def _environ(folder: Path, laid: dict[str, Any]) -> dict[str, str]:
    """The DAG's settings, and what the job needs around it: the keys that the stand-in takes by default."""
    submit = f"{Path(JOB_PYTHON).with_name('spark-submit')} {SPARK} {ROOT / 'jobs' / 'put_events.py'}"
    month = "{{ data_interval_start.strftime('%Y-%m') }}"
    return {
        **laid["environ"],
        "PERSONALIZE_CONFIG": str(folder / "job.yaml"),
        "PERSONALIZE_OUTPUT": str(folder / "output"),
        "PERSONALIZE_SUBMIT": submit,
        "PERSONALIZE_ARGUMENTS": f"""--set "source.filter={laid["partition"]} = '{month}'" """,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
