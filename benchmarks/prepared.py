"""What benchmarks of the check measure: a made-up history, and a job over it as far as it is prepared before Spark."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from demo.demonstration import job_settings
from demo.history import generate
from jobs.command_line.command import Command
from jobs.prepare.preparation import PreparedLoad, prepare, read_settings
from jobs.runs.run_folder import RunFolder

BEGUN_AT = datetime(2099, 12, 30, 23, 59, 59, tzinfo=UTC)
"""So late that no row with a plausible time is ahead of it."""

NOT_THERE = "http://127.0.0.1:9"
"""An endpoint at which no service listens."""


def history(folder: Path, rows: int) -> Path:
    """Return the demo shop's history of so many interactions, made the first time and kept in `folder`."""
    logs = folder / f"history-{rows}"
    if not logs.exists():
        generate(logs, events=rows)
    return logs


def prepared_history(folder: Path, rows: int) -> PreparedLoad:
    """Prepare a load of that history."""
    return prepared_load(folder, job_settings(history(folder, rows), folder / "output", NOT_THERE))


def prepared_load(folder: Path, settings: Mapping[str, Any]) -> PreparedLoad:
    """Prepare a load with `settings`, as the job does.

    It is prepared as a plan, which needs no credentials; but only a load leaves out the lengths of sessions.
    """
    os.environ.setdefault("AWS_REGION", "eu-west-1")
    config = folder / "job.yaml"
    config.write_text(yaml.safe_dump(dict(settings)), encoding="utf-8")
    command = Command(config=str(config), plan=True)
    read = read_settings(command)
    plan = prepare(command, read, RunFolder(read.output.path, "benchmark"), BEGUN_AT)
    return replace(plan, plan_only=False)
