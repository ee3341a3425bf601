"""The version of Spark's own Hadoop, which decides the S3 connector's version and the newest usable Java.

It is read from the names of Spark's jars, without starting Java; a cluster may have another Hadoop.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pyspark.find_spark_home import _find_spark_home

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")

HadoopVersion = tuple[int, int, int]


def spark_home(environ: Mapping[str, str]) -> Path:
    """Return the folder of the Spark that a local run starts: `SPARK_HOME`, else what PySpark finds, mostly itself."""
    return Path(environ.get("SPARK_HOME") or _find_spark_home())  # type: ignore[no-untyped-call]


def hadoop_version(home: Path) -> HadoopVersion | None:
    """Return the version of the Hadoop client among Spark's jars, such as (3, 4, 1); None if Spark has none."""
    for jar in sorted((home / "jars").glob("hadoop-client-api-*.jar")):
        return parse_version(jar.name.removeprefix("hadoop-client-api-"))
    return None


def parse_version(text: str) -> HadoopVersion | None:
    """Return the version at the beginning of `text`, such as (3, 4, 1) of "3.4.1-amzn-2"; None if there is none."""
    found = _VERSION.match(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
