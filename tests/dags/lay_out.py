"""Run by the job's own Python: an interaction log, the job's configuration for it, and the truth about two days of it.

`python -m tests.dags.lay_out FOLDER URL` prints JSON: `first_day`, `partition` (the log's partition column, of
months), `days` (each day's rows and distinct events) and `environ` (what spark-submit needs to find this Python and a
Java). The history is made up, free of dirt so that the truth can be counted here without the job's rules.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import yaml

from demo.demonstration import job_settings
from demo.history import generate
from jobs.spark.local.java import ensure_java

EVENTS = 36_000
"""Over 180 days: 200 a day."""


@dataclass(frozen=True)
class Log:
    """A log and how to load it: the last day of one month and the first of the next are in two partitions."""

    settings: dict[str, Any]
    partition: str
    time: str
    identity: tuple[str, ...]
    first_day: datetime

    def truth(self) -> list[dict[str, int]]:
        """Rows and distinct events of each day; columns of `identity` tell events apart."""
        table = ds.dataset(self.settings["source"]["path"], partitioning="hive").to_table(
            columns=[*self.identity, self.time]
        )
        rows = [tuple(row.values()) for row in table.to_pylist()]
        starts = [(self.first_day + timedelta(days=number)).timestamp() for number in range(3)]
        days = [
            [row for row in rows if since <= row[-1] < until] for since, until in itertools.pairwise(starts)
        ]
        return [{"rows": len(day), "events": len(set(day))} for day in days]


def made_up(folder: Path, url: str) -> Log:
    """A shop of our own; within a session time always advances."""
    generate(folder / "history", EVENTS, dirty_share=0.0)
    settings = job_settings(folder / "history", folder / "output", url)
    return Log(settings, "month", "timestamp", ("session_id",), datetime(2025, 2, 28, tzinfo=UTC))


def main(arguments: Sequence[str]) -> None:
    """Lay everything out below the folder, for a service at the URL."""
    folder, url = Path(arguments[0]), arguments[1]
    log = made_up(folder, url)
    (folder / "job.yaml").write_text(yaml.safe_dump(log.settings))
    environ = {
        **ensure_java(os.environ),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
    }
    described = {"first_day": log.first_day.isoformat(), "partition": log.partition}
    print(json.dumps({**described, "days": log.truth(), "environ": environ}))


if __name__ == "__main__":
    main(sys.argv[1:])
