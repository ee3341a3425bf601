"""Whole jobs over tables, started as a user starts them: Delta Lake on disk, Iceberg on S3."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from deltalake import DeltaTable, write_deltalake
from pyiceberg.catalog.sql import SqlCatalog
from pyspark.sql import SparkSession

from standin.process import StandinProcess
from tests.aws.moto_server import CREDENTIALS, MotoServer
from tests.jobs.spark.quick_jvm import QUICK_JVM
from tests.sources.tables.hudi_lake import RUNS_HERE, instants, lake
from tests.whole_job.harness import (
    MAPPING,
    ROOT,
    SCHEMA,
    Job,
    assert_closed,
    interactions,
    rows_in,
    run_here,
    run_process,
)

pytestmark = pytest.mark.job


def users(standin: StandinProcess, record: Path) -> list[str]:
    """Whose events arrived, once no more will."""
    standin.stop()
    return sorted(event["userId"] for event in rows_in(record))


def row(user: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"USER_ID": user, "SESSION_ID": f"s-{user}", **more}


@pytest.mark.tables
def test_a_delta_table_arrives_without_its_deleted_rows(job: Job, tmp_path: Path) -> None:
    path = job.folder / "source"
    write_deltalake(path, interactions([row("a"), row("gone"), row("x" * 300)]))
    write_deltalake(path, interactions([row("b", DISCOUNT="yes")]), mode="append")
    DeltaTable(path).delete("USER_ID = 'gone'")
    first = run_process(job, "first", environ={"SPARK_MASTER": "local[1]"})
    assert first.exit_code == 0, first.log
    assert users(job.standin, tmp_path / "record") == ["a", "b"]
    source = first.summary["source"]
    assert (source["format"], source["as_of"]) == ("delta", 2)
    assert "a Delta Lake table, version 2 of 20" in (first.folder / "report.html").read_text()
    [rejected] = first.rejected()
    assert rejected["ITEM_ID"] == "i1"
    assert "Delta Lake, version 2 of 20" in first.log


@pytest.mark.tables
@RUNS_HERE
def test_a_hudi_table_arrives_without_its_deleted_rows(job: Job, tmp_path: Path) -> None:
    own = {
        "hoodie.datasource.write.table.type": "MERGE_ON_READ",
        "hoodie.datasource.write.recordkey.field": "USER_ID",
        "hoodie.datasource.write.precombine.field": "TIMESTAMP",
        "hoodie.datasource.write.partitionpath.field": "EVENT_TYPE",
    }
    rows = interactions([row("a", DISCOUNT="no"), row("gone", DISCOUNT="no"), row("x" * 300, DISCOUNT="no")])
    gone = interactions([row("gone", DISCOUNT="no", TIMESTAMP=1_760_000_001)])
    (job.folder / "source").rmdir()
    with lake(job.folder, {"source": (own, [("upsert", rows), ("delete", gone)])}):
        done = run_process(job, "first", environ={"SPARK_MASTER": "local[1]"})
    assert done.exit_code == 0, done.log
    assert users(job.standin, tmp_path / "record") == ["a"]
    source = done.summary["source"]
    assert (source["format"], source["as_of"]) == ("hudi", instants(job.folder / "source")[-1])
    assert (
        f"an Apache Hudi table, version {source['as_of']} of 20" in (done.folder / "report.html").read_text()
    )
    assert f"Apache Hudi, instant {source['as_of']} of 20" in done.log
    [rejected] = done.rejected()
    assert sorted(rejected) == sorted([*rows.column_names, "reasons"])


def run_on_s3(s3: MotoServer, standin: StandinProcess, config: Path, run_id: str, *more: str) -> str:
    environ = {**os.environ, **s3.environ, **standin.environment, "SPARK_MASTER": "local[1]"}
    environ["SPARK_SUBMIT_OPTS"] = QUICK_JVM
    environ.pop("AWS_SESSION_TOKEN")
    done = subprocess.run(
        [sys.executable, "-m", "jobs.put_events", "--config", str(config), "--run-id", run_id, *more],
        cwd=ROOT, env=environ, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.tables
@pytest.mark.s3
def test_an_iceberg_table_on_s3_arrives_at_one_snapshot(standin: StandinProcess, tmp_path: Path) -> None:
    with MotoServer() as s3:
        bucket = s3.create_bucket("shop")
        catalog = SqlCatalog(
            "test",
            **{
                "uri": f"sqlite:///{tmp_path}/catalog.db",
                "warehouse": f"{bucket}/lake",
                "s3.endpoint": s3.url,
                "s3.region": CREDENTIALS["AWS_REGION"],
                "s3.access-key-id": CREDENTIALS["AWS_ACCESS_KEY_ID"],
                "s3.secret-access-key": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            },
        )
        catalog.create_namespace("shop")
        table = catalog.create_table("shop.events", interactions([]).schema)
        table.append(interactions([row("a"), row("gone")]))
        table.delete("USER_ID = 'gone'")
        before = table.current_snapshot()
        assert before
        table.append(interactions([row("late")]))
        (tmp_path / "interactions.avsc").write_text(json.dumps(SCHEMA))
        settings = {
            "source": {"path": table.location(), "as_of": before.snapshot_id},
            "schema": str(tmp_path / "interactions.avsc"),
            "mapping": MAPPING,
            "personalize": {"tracking_id": "t", "region": "eu-west-1", "endpoint_url": standin.url},
            "output": {"path": f"{bucket}/backfill"},
        }
        config = tmp_path / "job.yaml"
        config.write_text(yaml.safe_dump(settings))
        run_on_s3(s3, standin, config, "first")
        body = s3.client().get_object(Bucket="shop", Key="backfill/runs/first/summary.json")["Body"].read()
    summary = json.loads(body)
    assert_closed(summary)
    assert users(standin, tmp_path / "record") == ["a"]
    assert summary["source"]["as_of"] == before.snapshot_id
    assert summary["events_delivered"] == 1


@pytest.mark.spark
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"table": "nowhere.shop.none", "path": None}, ("source.table nowhere.shop.none", "no such table")),
        ({"table": "t"}, ("source.path and source.table exclude one another",)),
        ({"path": None}, ("source.path is missing",)),
        ({"as_of": 3}, ("source.as_of: only a table has versions",)),
        ({"as_of": "yesterday"}, ("source.as_of", "ISO 8601")),
    ],
)
def test_a_table_that_can_not_be_meant_is_one_sentence(
    spark: SparkSession,
    job: Job,
    caplog: pytest.LogCaptureFixture,
    source: dict[str, Any],
    words: tuple[str, ...],
) -> None:
    job.write_source(interactions([row("a")]))
    job.settings["source"] |= source
    assert run_here(job, spark).exit_code == 2
    [record] = [each for each in caplog.records if each.levelname == "ERROR"]
    assert all(word in record.getMessage() for word in words), record.getMessage()


@pytest.mark.spark
def test_a_partitioned_table_without_statistics_is_loaded(spark: SparkSession, job: Job) -> None:
    """Without statistics Spark takes such a table for the largest there is, which no plan of the job may believe."""
    for day, user in (("1", "a"), ("2", "b")):
        job.write_source(interactions([row(user)]), f"day={day}/part.parquet")
    job.settings["source"] = {"table": "partitioned_log"}
    columns = ", ".join(
        f"{field.name} {'bigint' if field.name == 'TIMESTAMP' else 'string'}"
        for field in interactions([]).schema
    )
    spark.sql(
        f"CREATE TABLE partitioned_log ({columns}, day string) USING parquet PARTITIONED BY (day) "
        f"LOCATION '{job.folder / 'source'}'"
    )
    try:
        spark.sql("MSCK REPAIR TABLE partitioned_log")
        run = run_here(job, spark)
    finally:
        spark.sql("DROP TABLE partitioned_log")
    assert run.exit_code == 0
    assert run.summary["events_delivered"] == 2
    assert 0 < run.summary["source"]["bytes"] < 100_000


@pytest.mark.spark
def test_a_spark_without_the_connector_is_one_sentence(
    spark: SparkSession, job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    write_deltalake(job.folder / "source", interactions([row("a")]))
    assert run_here(job, spark).exit_code == 2
    assert "Spark has no connector for Delta Lake" in caplog.text
