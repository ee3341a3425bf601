"""A cluster whose defaults say the opposite of what the job needs: the same events go out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from jobs.spark.required_settings import HADOOP_UNSET, REQUIRED
from standin.process import StandinProcess
from tests.whole_job.harness import Job, interactions, rows_in, run_process

pytestmark = [pytest.mark.job, pytest.mark.slow]

OTHERWISE = {
    "true": "false",
    "false": "true",
    "UTC": "Asia/Tokyo",
    "TIMESTAMP_LTZ": "TIMESTAMP_NTZ",
    "CORRECTED": "LEGACY",
    "EXCEPTION": "LAST_WIN",
    "TIMESTAMP_MICROS": "TIMESTAMP_MILLIS",
    "0": "3",
    "": "parquet",  # the formats to which filters on nested fields are pushed down
    "(?s).+": "(?i)password",
    "static": "dynamic",
    "avro,csv,json,kafka,orc,parquet,text": "csv",
}
SLOWER = {
    "spark.sql.parquet.enableVectorizedReader": "false",
    "spark.sql.parquet.filterPushdown": "false",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.files.maxPartitionBytes": "4096",
    "spark.sql.optimizer.nestedSchemaPruning.enabled": "false",
    "spark.sql.shuffle.partitions": "3",
}


def hostile(folder: Path) -> Path:
    """A folder of Spark's configuration with every setting turned round."""
    turned = {key: OTHERWISE[value] for key, value in REQUIRED.items()}
    turned |= SLOWER | {f"spark.hadoop.{key}": "no.such.Filter" for key in HADOOP_UNSET}
    folder.mkdir()
    (folder / "spark-defaults.conf").write_text("".join(f"{key} {value}\n" for key, value in turned.items()))
    return folder


def history() -> pa.Table:
    """Something of each kind that a setting may change."""
    rows: list[dict[str, Any]] = [
        {"USER_ID": f"u{number % 3}", "SESSION_ID": f"s{number % 4}", "ITEM_ID": f"i{number}"}
        for number in range(24)
    ]
    table = interactions(rows)
    times = [datetime(2026, 1, 1, number, 30, tzinfo=UTC) for number in range(24)]
    kinds = {
        "at": pa.array(times, pa.timestamp("us", "UTC")),
        "naive": pa.array([time.replace(tzinfo=None) for time in times], pa.timestamp("ns")),
        "text": pa.array([time.isoformat()[:19] for time in times]),
        "price": pa.array([Decimal(number) / 8 for number in range(24)], pa.decimal128(20, 5)),
        "bytes": pa.array([f"b{number}".encode() for number in range(24)]),
        "shown": pa.array([[f"i{number}", "i0"] if number % 2 else None for number in range(24)]),
    }
    for name, column in kinds.items():
        table = table.append_column(name, column)
    return table


def events_of(folder: Path, environ: dict[str, str]) -> list[tuple[str, str, str]]:
    with StandinProcess(record=folder / "record") as standin:
        job = Job(folder / "job", standin)
        table = history()
        job.write_source(table.slice(0, 12), "day=01/a.parquet")
        job.write_source(table.slice(12), "day=1e1/b.parquet")
        job.settings["mapping"] |= {
            "eventType": "concat(day, '|', substring(bytes, 1, 1))",
            "itemId": "concat_ws('|', ITEM_ID, price, at, naive, cast(at as date), regexp_extract(text, '[0-9]+', 0))",
            "sentAt": {"expr": "text", "unit": "iso8601"},
            "impression": "shown",
            "properties": {"DISCOUNT": "price"},
        }
        job.settings["source"]["filter"] = "day >= '0' and naive is not null"
        run = run_process(job, environ=environ)
        assert run.exit_code == 0, run.log[-3000:]
        standin.stop()
    record = rows_in(folder / "record")
    assert all(json.loads(each["event"])["sentAt"] for each in record)
    return sorted((str(each["userId"]), each["sessionId"], each["event"]) for each in record)


def test_every_setting_turned_round_changes_no_event(tmp_path: Path) -> None:
    usual = events_of(tmp_path / "usual", {})
    turned = events_of(tmp_path / "turned", {"SPARK_CONF_DIR": str(hostile(tmp_path / "conf"))})
    assert len(usual) == 24
    assert turned == usual
