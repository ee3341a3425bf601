"""The class archive: Spark's classes as a JVM holds them in memory, in a file, for local runs to start seconds sooner.

`python -m jobs.class_archive` makes it, once for a Python environment; every run that starts its own JVM then uses it,
and none needs it. Whether it fits, the JVM judges: made of another Java or of other jars, it is passed over (JEP 350,
"Dynamic CDS Archives"). It is no part of a cluster.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from pyarrow import parquet

from jobs.errors import UsageError
from jobs.java import ensure_java

FOLDER = Path(sys.prefix, "share", "personalize-classes")
"""In the environment whose jars it was made of: it goes when they go."""

_OF_JAVA, _OF_SPARK, _SIZES = "java.jsa", "spark.jsa", "sizes.json"
_QUIET = ("-Xlog:cds=off", "-Xlog:cds+dynamic=off")
_PLAN_SECONDS = 300
_SCHEMA = {
    "type": "record",
    "name": "Interactions",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
        {"name": "DEVICE", "type": ["null", "string"]},
    ],
}
_MAPPING = {
    "userId": "user",
    "sessionId": "session",
    "eventType": "'click'",
    "itemId": "item",
    "sentAt": {"expr": "at"},
    "impression": "shown",
    "properties": {"DEVICE": "device"},
}
_ROW = {
    "user": "u",
    "session": "s",
    "item": "i",
    "at": datetime(2024, 1, 1, tzinfo=UTC),
    "shown": ["i", "j"],
    "device": "d",
}


def archive_options(folder: Path = FOLDER) -> str | None:
    """The JVM's options for the archive in `folder`, as Spark's launcher reads them; None where there is none.

    A file cut short ends the JVM that maps it, so that a copy of an environment may not lack a byte of it.
    """
    try:
        sizes = json.loads((folder / _SIZES).read_text(encoding="utf-8"))
        whole = all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return None
    return " ".join(f'"{option}"' for option in _use(folder)) if whole else None


def make_archive(folder: Path, environ: Mapping[str, str]) -> None:
    """Make the archive in `folder`, in place of what is there: plan a history of two rows, and keep what was loaded.

    Raises:
        UsageError: there is no Java, it keeps no archives, or the folder can't be written; the message says which.
    """
    java = str(Path(ensure_java(environ)["JAVA_HOME"], "bin", "java"))
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        # In their place from the start: Java 21 knows the one by the path at which the other was made.
        _run([java, "-Xshare:dump", f"-XX:SharedArchiveFile={folder / _OF_JAVA}"], environ)
        with tempfile.TemporaryDirectory() as scratch:
            _plan(Path(scratch), folder, environ)
        _run([java, *_use(folder), "-version"], environ)
        sizes = {name: (folder / name).stat().st_size for name in (_OF_JAVA, _OF_SPARK)}
        # Last: without it there is no archive.
        (folder / _SIZES).write_text(json.dumps(sizes), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"no class archive in {folder}: {error.strerror or error}.") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"no class archive in {folder}: a plan took over {_PLAN_SECONDS} s.") from None


def _use(folder: Path) -> tuple[str, ...]:
    return (f"-XX:SharedArchiveFile={folder / _OF_JAVA}:{folder / _OF_SPARK}", *_QUIET)


def _plan(scratch: Path, fresh: Path, environ: Mapping[str, str]) -> None:
    """Run a plan, which loads what every run needs, in a JVM that writes its classes as it ends."""
    recording = (
        f"-XX:SharedArchiveFile={fresh / _OF_JAVA}",
        f"-XX:ArchiveClassesAtExit={fresh / _OF_SPARK}",
        "-XX:TieredStopAtLevel=1",
        *_QUIET,
    )
    own = {name: value for name, value in environ.items() if not name.startswith(("SPARK", "PYSPARK"))}
    own["SPARK_SUBMIT_OPTS"] = " ".join(f'"{option}"' for option in recording)
    _run([sys.executable, "-m", "jobs.put_events", f"--config={_history(scratch)}", "--plan"], own)


def _history(scratch: Path) -> Path:
    """A history of two equal rows and the configuration to plan it with; the configuration's path."""
    (scratch / "logs").mkdir()
    parquet.write_table(pa.Table.from_pylist([_ROW, _ROW]), scratch / "logs" / "rows.parquet")
    (scratch / "schema.avsc").write_text(json.dumps(_SCHEMA), encoding="utf-8")
    settings: dict[str, Any] = {
        "source": {"path": str(scratch / "logs")},
        "schema": str(scratch / "schema.avsc"),
        "mapping": _MAPPING,
        "personalize": {"tracking_id": "none", "region": "us-east-1"},
        "preflight": "off",
        "output": {"path": str(scratch / "output")},
    }
    config = scratch / "job.yaml"
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return config


def _run(command: Sequence[str], environ: Mapping[str, str]) -> None:
    """Run it to the end of the last process that holds its output: Spark's JVM outlives the job that started it."""
    ended = subprocess.run(  # noqa: S603 - this program's own Java and Python
        command,
        cwd=Path(__file__).parents[1],
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=_PLAN_SECONDS,
        check=False,
    )
    if ended.returncode:
        said = (ended.stdout.strip().splitlines() or [f"exit code {ended.returncode}"])[-1]
        raise UsageError(f"no class archive: {Path(command[0]).name} ended with: {said}")


if __name__ == "__main__":
    try:
        make_archive(FOLDER, os.environ)
    except UsageError as problem:
        sys.exit(str(problem))
    sys.stdout.write(f"class archive in {FOLDER}: runs that start a JVM of their own start seconds sooner\n")
