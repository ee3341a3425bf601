"""Spoiling a job's input, and what its log is held to then: one sentence, and no trace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.whole_job.harness import SCHEMA, Job

ROWS = [{"TIMESTAMP": 1_760_000_000 + number} for number in range(40)]

Spoil = Callable[[Job], Any]


@contextmanager
def no_spark(*_: object) -> Iterator[SparkSession]:
    raise AssertionError("Spark was started, though this could be known before")
    yield


def put(job: Job, key: str, value: object) -> None:
    *parents, last = key.split(".")
    block = job.settings
    for parent in parents:
        block = block.setdefault(parent, {})
    block[last] = value


def schema_with(job: Job, *fields: dict[str, Any], without: str = "") -> None:
    kept = [field for field in SCHEMA["fields"] if field["name"] != without]  # type: ignore[index]
    (job.folder / "interactions.avsc").write_text(json.dumps({**SCHEMA, "fields": [*kept, *fields]}))


def suite_with(job: Job, *expectations: dict[str, Any]) -> None:
    path = job.folder / "suite.json"
    path.write_text(json.dumps({"name": "mine", "expectations": list(expectations), "meta": {}}))
    put(job, "checks.suite", str(path))


def assert_one_sentence(log: str, *said: str) -> None:
    for part in said:
        assert part in log
    assert "Traceback" not in log
    assert "\tat " not in log


def with_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
