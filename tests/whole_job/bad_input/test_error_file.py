"""The error that a run leaves below its output: what it holds, and how long it stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.put_events import main
from standin.process import StandinProcess
from tests.whole_job.bad_input.spoiling import ROWS, put, with_credentials
from tests.whole_job.harness import Job, interactions, run_here

pytestmark = pytest.mark.job


def test_an_unexpected_error_is_left_below_the_output_without_its_text(
    job: Job, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def broken(*_: object) -> Iterator[SparkSession]:
        raise LookupError("user u1")
        yield

    with_credentials(monkeypatch)
    job.write_source(interactions(ROWS))
    assert main(job.arguments("run-1"), start_spark=broken) == 1
    error = json.loads((job.output / "runs" / "run-1" / "error.json").read_text())
    assert (error["exit_code"], error["run_id"]) == (1, "run-1")
    assert error["error"].startswith("unexpected LookupError; please report it with this trace:\n")
    assert Path(__file__).name in error["error"]
    assert "u1" not in json.dumps(error) + caplog.text


@pytest.mark.spark
def test_a_run_that_goes_well_replaces_the_error_of_its_namesake(
    spark: SparkSession, tmp_path: Path, standin: StandinProcess
) -> None:
    job = Job(tmp_path / "job", standin)
    job.write_source(interactions(ROWS))
    put(job, "mapping.itemId", "ITEM_IDS")
    assert run_here(job, spark).exit_code == 2
    put(job, "mapping.itemId", "ITEM_ID")
    run = run_here(job, spark)
    assert (run.exit_code, run.summary["status"]) == (0, "delivered")
    assert not (run.folder / "error.json").exists()

    put(job, "mapping.itemId", "ITEM_IDS")
    put(job, "source.path", "/no/such/folder")
    assert run_here(job, spark).exit_code == 2
    assert run.summary["status"] == "delivered", (
        "what an earlier run left goes when a run gets to write its own"
    )
    assert "/no/such/folder" in json.loads((run.folder / "error.json").read_text())["error"]
