"""How a whole-job test runs the job: its configuration, its environment, and what it left behind.

In this process, over the tests' one Spark session, where only the outcome matters; as a process of its own, as a
user starts it, where signals, exit codes and start-up matter.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import yaml
from pyspark import SparkContext
from pyspark.sql import SparkSession

from jobs.put_events import main
from jobs.run import StartSpark
from standin.process import StandinProcess
from tests.jobs.spark.quick_jvm import QUICK_JVM
from tests.standin.interactions_schema import INTERACTIONS

ROOT = Path(__file__).resolve().parents[2]
_SPARK = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_SUBMIT_OPTS": QUICK_JVM}
SCHEMA = INTERACTIONS
MAPPING = {
    "userId": "USER_ID",
    "sessionId": "SESSION_ID",
    "eventType": "EVENT_TYPE",
    "itemId": "ITEM_ID",
    "sentAt": {"expr": "TIMESTAMP", "unit": "seconds"},
    "properties": {"DISCOUNT": "DISCOUNT"},
}


def interactions(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Rows of the tests' usual log; what a row leaves out is filled in, one valid event each."""
    usual = {
        "USER_ID": "u1",
        "SESSION_ID": "s1",
        "EVENT_TYPE": "view",
        "ITEM_ID": "i1",
        "TIMESTAMP": 1_760_000_000,
    }
    full = [{**usual, "DISCOUNT": None, **row} for row in rows]
    schema = pa.schema(
        [(name, pa.string()) for name in ("USER_ID", "SESSION_ID", "EVENT_TYPE", "ITEM_ID", "DISCOUNT")]
        + [("TIMESTAMP", pa.int64())],
    )
    return pa.Table.from_pylist(full, schema=schema)


def interactions_file(rows: Sequence[dict[str, Any]]) -> bytes:
    """The same as the content of a Parquet file."""
    file = io.BytesIO()
    pq.write_table(interactions(rows), file)
    return file.getvalue()


@dataclass(frozen=True)
class Ended:
    """One run after its end."""

    exit_code: int
    output: Path
    run_id: str
    log: str

    @property
    def folder(self) -> Path:
        return self.output / "runs" / self.run_id

    @property
    def summary(self) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads((self.folder / "summary.json").read_text())
        assert_closed(summary)
        return summary

    def rejected(self) -> list[dict[str, Any]]:
        return rows_in(self.folder / "rejected")

    def dead_letters(self) -> list[dict[str, Any]]:
        return rows_in(self.folder / "dead_letters")


@dataclass
class Job:
    """A job's configuration in `folder`, to be changed by a test before it runs."""

    folder: Path
    standin: StandinProcess
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "source").mkdir(parents=True, exist_ok=True)
        (self.folder / "interactions.avsc").write_text(json.dumps(SCHEMA))
        self.settings = {
            "source": {"path": str(self.folder / "source")},
            "schema": str(self.folder / "interactions.avsc"),
            "mapping": deepcopy(MAPPING),
            "checks": {"max_rejected_fraction": 0.5},
            "personalize": {
                "tracking_id": "tracker",
                "region": "eu-west-1",
                "endpoint_url": self.standin.url,
            },
            "output": {"path": str(self.folder / "output")},
        }

    @property
    def output(self) -> Path:
        return self.folder / "output"

    def write_source(self, table: pa.Table, name: str = "part-0.parquet") -> None:
        path = self.folder / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path)

    def write_config(self) -> Path:
        path = self.folder / "job.yaml"
        path.write_text(yaml.safe_dump(self.settings))
        return path

    def arguments(self, run_id: str, *more: str) -> list[str]:
        return ["--config", str(self.write_config()), "--run-id", run_id, *more]


def over(spark: SparkSession) -> StartSpark:
    """Return what starts a run's Spark by giving it the tests' own."""

    @contextmanager
    def the_tests_session(
        _buckets: object = (),
        _table: object = None,
        once_forked: Callable[[], object] = lambda: None,
        once_connected: Callable[[SparkContext], object] = lambda _: None,
    ) -> Iterator[SparkSession]:
        once_forked()
        once_connected(spark.sparkContext)
        yield spark

    return the_tests_session


def run_here(job: Job, spark: SparkSession, run_id: str = "run-1", *more: str, draws: bool = False) -> Ended:
    """Run the job in this process over `spark`; its log stays with pytest.

    The report's pictures take a quarter of such a run: they are drawn only where a test looks at them.
    """

    with nullcontext() if draws else reports_without_pictures():
        exit_code = main(job.arguments(run_id, *more), start_spark=over(spark))
    return Ended(exit_code, job.output, run_id, log="")


@contextmanager
def reports_without_pictures() -> Iterator[None]:
    with patch("jobs.report.drawing._svg", _blank):
        yield


def _blank(name: str, width: int, height: float, draw: object) -> str:  # noqa: ARG001 - as `_svg` has them
    return f'<svg id="{name}" width="{width}" height="{height:g}"></svg>'


def start_process(
    job: Job,
    run_id: str = "run-1",
    *more: str,
    environ: dict[str, str] | None = None,
) -> subprocess.Popen[str]:
    """Start the job as a user does, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "jobs.put_events", *job.arguments(run_id, *more)],
        cwd=ROOT,
        env={**os.environ, **job.standin.environment, **_SPARK, **(environ or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_process(job: Job, run_id: str = "run-1", *more: str, environ: dict[str, str] | None = None) -> Ended:
    """Run the job as a user does and wait for its end."""
    process = start_process(job, run_id, *more, environ=environ)
    return ended(process, job, run_id)


def ended(process: subprocess.Popen[str], job: Job, run_id: str = "run-1") -> Ended:
    """Wait for a started job, for three minutes at most."""
    try:
        out, err = process.communicate(timeout=180)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Ended(process.returncode, job.output, run_id, log=out + err)


def assert_closed(summary: dict[str, Any]) -> None:
    """The contract's equation."""
    assert summary["rows_read"] == (
        summary["rows_rejected"]
        + summary["duplicates_dropped"]
        + summary["already_delivered"]
        + summary["events_delivered"]
        + summary["events_dead_lettered"]
        + summary["events_not_attempted"]
    )


def full_sessions(sessions: int) -> list[dict[str, Any]]:
    """Ten events for each session: just as many full requests."""
    return [
        {
            "USER_ID": f"user-{session}",
            "SESSION_ID": f"session-{session}",
            "TIMESTAMP": 1_760_000_000 + number,
        }
        for session in range(sessions)
        for number in range(10)
    ]


def rows_in(folder: Path) -> list[dict[str, Any]]:
    """All rows of a folder of Parquet files."""
    rows: list[dict[str, Any]] = (
        ds.dataset(folder, format="parquet", partitioning=None).to_table().to_pylist()
    )
    return rows


def ledger_ids(output: Path) -> list[str]:
    """Every event id in the ledger, as often as it is there."""
    return [row["event_id"] for row in rows_in(output / "ledger")]


def sessions_in_order(accepted: list[dict[str, Any]]) -> dict[tuple[str | None, str], list[int]]:
    """The service's own record: each session's `sentAt` in the order of arrival."""
    sessions: dict[tuple[str | None, str], list[int]] = defaultdict(list)
    for event in accepted:
        sessions[event["userId"], event["sessionId"]].append(event["sentAt"])
    return sessions
