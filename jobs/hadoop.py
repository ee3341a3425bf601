"""Which Hadoop Spark brings along: the S3 connector's version and the newest usable Java follow from it.

It looks at the names of Spark's jars. It starts no Java and says nothing of a cluster's own Hadoop.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pyspark

_CLIENT_JAR = re.compile(r"hadoop-client-api-(\d+)\.(\d+)\.(\d+)\.jar")

HadoopVersion = tuple[int, int, int]


def spark_home(environ: Mapping[str, str]) -> Path:
    """The folder of the Spark that a local run starts: `SPARK_HOME`, else the installed pyspark itself."""
    return Path(environ.get("SPARK_HOME") or Path(pyspark.__file__).parent)


def hadoop_version(home: Path) -> HadoopVersion | None:
    """The version of the Hadoop client among Spark's jars, such as (3, 4, 1); None if Spark brings none."""
    for jar in sorted((home / "jars").glob("hadoop-client-api-*.jar")):
        found = _CLIENT_JAR.fullmatch(jar.name)
        if found:
            return int(found[1]), int(found[2]), int(found[3])
    return None
