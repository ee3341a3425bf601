"""Run by the job's own Python: a made-up shop's history, the job's configuration, and the truth about two days.

`python -m tests.dags.lay_out FOLDER URL` prints JSON: `days`, each day's rows and distinct events, and `environ`, what
spark-submit needs to find this Python and a Java. The history is free of dirt, so that the truth can be counted here
without the job's rules.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.dataset as ds
import yaml

from jobs.java import ensure_java
from standin.demo import job_settings
from standin.history import generate

EVENTS = 36_000
"""Over 180 days: 200 a day."""
DAYS = tuple(datetime(2025, 2, 28, tzinfo=UTC) + timedelta(days=number) for number in range(2))
"""Two days in a row, of two months: the first and the second partition that a run is told to look at."""


def main(arguments: Sequence[str]) -> None:
    """Lay everything out below the folder, for a service at the URL."""
    folder, url = Path(arguments[0]), arguments[1]
    generate(folder / "history", EVENTS, dirty_share=0.0)
    settings = job_settings(folder / "history", folder / "output", url)
    (folder / "job.yaml").write_text(yaml.safe_dump(settings))
    java = ensure_java(os.environ)
    environ = {**java, "PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
    print(json.dumps({"days": [_truth(folder / "history", day) for day in DAYS], "environ": environ}))


def _truth(history: Path, day: datetime) -> dict[str, int]:
    since, until = day.timestamp(), (day + timedelta(days=1)).timestamp()
    rows = ds.dataset(history, partitioning="hive").to_table(columns=["session_id", "timestamp"])
    seen = [
        (row["session_id"], row["timestamp"]) for row in rows.to_pylist() if since <= row["timestamp"] < until
    ]
    return {"rows": len(seen), "events": len(set(seen))}


if __name__ == "__main__":
    main(sys.argv[1:])
