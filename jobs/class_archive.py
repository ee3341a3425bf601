"""The class archive: Spark's classes as a JVM holds them in memory, in a file, for local runs to start seconds sooner.

`python -m jobs.class_archive` makes it, once for a Python environment; every run that starts its own JVM then uses it,
and none needs it. Whether it fits, the JVM judges: made of another Java or of other jars, it is passed over (JEP 350,
"Dynamic CDS Archives"). It is no part of a cluster. Java 17 uses it; Java 21 takes Spark 4's class path, which names
one jar twice, for another than the one it wrote down.
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
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from pyarrow import parquet

from jobs.errors import UsageError
from jobs.hadoop import spark_home
from jobs.java import ensure_java

FOLDER = Path(sys.prefix, "share", "personalize-classes")
"""In the environment whose jars it was made of: it goes when they go."""

_OF_JAVA, _OF_SPARK, _SIZES = "java.jsa", "spark.jsa", "sizes.json"
_QUIET = ("-Xlog:cds=off", "-Xlog:cds+dynamic=off")
_FROM_SPARKS = "source: shared objects file (top)"
"""How the JVM's class log names what came out of the second file."""

_LONGEST_SECONDS = 300
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
    return _quoted(_use(folder)) if whole else None


def make_archive(folder: Path, environ: Mapping[str, str]) -> None:
    """Make the archive in `folder`, in place of what is there: plan a history of two rows, and keep what was loaded.

    Raises:
        UsageError: no Java, one that keeps or uses none, or a folder that can't be written; the message says which.
    """
    own = {name: value for name, value in environ.items() if not name.startswith(("SPARK", "PYSPARK"))}
    own |= ensure_java(environ)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        with tempfile.TemporaryDirectory() as scratch:
            _dump(folder, Path(scratch), own)
    except OSError as error:
        raise UsageError(f"no class archive in {folder}: {error.strerror or error}.") from None
    finally:
        if archive_options(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)


def _dump(folder: Path, scratch: Path, environ: Mapping[str, str]) -> None:
    # In their place from the start: Java 21 knows the one by the path at which the other was made.
    java = str(Path(environ["JAVA_HOME"], "bin", "java"))
    _run([java, "-Xshare:dump", f"-XX:SharedArchiveFile={folder / _OF_JAVA}"], environ)
    version = [str(spark_home(environ) / "bin" / "spark-submit"), "--version"]
    plan = [sys.executable, "-m", "jobs.put_events", f"--config={_history(scratch)}", "--plan"]
    # The quick one first: a Java that passes its archive over is known after seconds.
    for command in (version, plan):
        _run(command, _with_options(environ, _recording(folder)))
        log = scratch / "loaded.txt"
        _run(version, _with_options(environ, (*_use(folder), f"-Xlog:class+load:file={log}")))
        if _FROM_SPARKS not in log.read_text(encoding="utf-8", errors="replace"):
            raise UsageError(
                "no class archive: this Java passes its own over, as Java 21 does; Java 17 uses it."
            )
    sizes = {name: (folder / name).stat().st_size for name in (_OF_JAVA, _OF_SPARK)}
    # Last: without it there is no archive.
    (folder / _SIZES).write_text(json.dumps(sizes), encoding="utf-8")


def _use(folder: Path) -> tuple[str, ...]:
    return (f"-XX:SharedArchiveFile={folder / _OF_JAVA}:{folder / _OF_SPARK}", *_QUIET)


def _recording(folder: Path) -> tuple[str, ...]:
    """The options of a JVM that writes the classes it has loaded as it ends."""
    java, spark = folder / _OF_JAVA, folder / _OF_SPARK
    return (
        f"-XX:SharedArchiveFile={java}",
        f"-XX:ArchiveClassesAtExit={spark}",
        "-XX:TieredStopAtLevel=1",
        *_QUIET,
    )


def _with_options(environ: Mapping[str, str], options: Sequence[str]) -> dict[str, str]:
    return {**environ, "SPARK_SUBMIT_OPTS": _quoted(options)}


def _quoted(options: Sequence[str]) -> str:
    """JVM options as Spark's launcher reads them out of the environment: a path may hold a space."""
    return " ".join(f'"{option}"' for option in options)


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
    name = Path(command[0]).name
    try:
        ended = subprocess.run(  # noqa: S603 - this program's own Java, Spark and Python
            command,
            cwd=str(files("jobs").joinpath("..")),
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"no class archive: {name} took over {_LONGEST_SECONDS} s.") from None
    if ended.returncode:
        said = (ended.stdout.strip().splitlines() or [f"exit code {ended.returncode}"])[-1]
        raise UsageError(f"no class archive: {name} ended with: {said}")


if __name__ == "__main__":
    try:
        make_archive(FOLDER, os.environ)
    except UsageError as problem:
        sys.exit(str(problem))
    sys.stdout.write(f"class archive in {FOLDER}: runs that start a JVM of their own start seconds sooner\n")
