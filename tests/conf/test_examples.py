"""Each example in conf/ makes of a log of its shape the events that its comments say, whole job included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from jobs.config.configuration import parse_settings
from jobs.put_events import main
from standin.process import StandinProcess
from tests.conf.logs import LOGS
from tests.whole_job.harness import ROOT, over, reports_without_pictures, rows_in
from transforms.interactions_schema import InteractionsSchema
from transforms.properties_plan import plan_properties

CONF = ROOT / "conf"


def test_every_example_in_the_folder_is_tried_here() -> None:
    assert {path.stem for path in CONF.glob("*.yaml")} == {*LOGS, "job"}


@pytest.mark.parametrize("path", sorted(CONF.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_fits_the_schema_that_it_names(path: Path) -> None:
    settings = parse_settings(path.read_text(), path.name)
    schema = ROOT / settings.interactions_schema
    plan = plan_properties(settings.mapping, InteractionsSchema.parse(schema.read_text(), schema.name))
    assert {entry.field for entry in plan} == set(settings.mapping.properties)


@pytest.fixture(scope="module")
def sent(spark_session: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Each example's exit code and summary, and under `events` what one service recorded of all of them."""
    folder = tmp_path_factory.mktemp("conf")
    with StandinProcess(record=folder / "record") as standin:
        ended = {name: _run(name, folder, standin.url, spark_session) for name in LOGS}
        standin.stop()
        yield {**ended, "events": rows_in(folder / "record")}


def _run(name: str, folder: Path, url: str, spark: SparkSession) -> tuple[int, dict[str, Any]]:
    """Run conf/<name>.yaml unchanged, except for its paths and the service."""
    log, source, output = LOGS[name], folder / name / "log", folder / name / "output"
    (source / log.below).mkdir(parents=True)
    table = pa.Table.from_pylist(log.rows, schema=log.schema)
    pq.write_table(table, source / log.below / "part-0.parquet")
    changed = {
        "source.path": source,
        "schema": ROOT / "conf" / f"{name}.avsc",
        "output.path": output,
        "personalize.tracking_id": name,
        "personalize.endpoint_url": url,
    }
    options = [word for key, value in changed.items() for word in ("--set", f"{key}={value}")]

    with reports_without_pictures():
        code = main(["--config", str(CONF / f"{name}.yaml"), "--run-id", "r", *options], over(spark))
    return code, json.loads((output / "runs" / "r" / "summary.json").read_text())


def _understood(recorded: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    """An event as the service recorded it; the ids that the job makes itself are left out, as in `like`."""
    body = json.loads(recorded["event"])
    if "properties" in body:
        body["properties"] = json.loads(body["properties"])
    whole = {**body, "userId": recorded["userId"], "sessionId": recorded["sessionId"]}
    made = {"eventId", "sessionId"} - like.keys()
    return {key: value for key, value in whole.items() if key not in made}


def _in_order(events: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(each, sort_keys=True) for each in events)


@pytest.mark.spark
@pytest.mark.job
@pytest.mark.parametrize("name", LOGS)
def test_an_example_sends_what_its_log_holds(name: str, sent: dict[str, Any]) -> None:
    log = LOGS[name]
    code, summary = sent[name]
    arrived = [event for event in sent["events"] if event["trackingId"] == name]
    assert (code, summary["rows_read"], summary["rows_rejected"]) == (0, log.rows_read, 0)
    assert _in_order([_understood(each, log.events[0]) for each in arrived]) == _in_order(log.events)


@pytest.mark.spark
@pytest.mark.job
@pytest.mark.parametrize(("name", "requests"), [("ratings", 2), ("purchases", 1)])
def test_one_session_for_each_user_fills_the_requests_of_logs_without_sessions(
    name: str, requests: int, sent: dict[str, Any]
) -> None:
    assert sent[name][1]["requests_delivered"] == requests
