"""The jars of YARN's own daemons and of Spark's S3 connector, fetched by Spark's resolver once per user.

The daemons run on their own Hadoop, whatever Hadoop the tested Spark brings: a cluster's is not its client's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from jobs.hadoop import HadoopVersion, hadoop_version, spark_home
from jobs.jar_cache import JarCache
from jobs.java import ensure_java
from jobs.s3_connector import connector_settings

HADOOP: HadoopVersion = (3, 4, 1)
"""What YARN's daemons run on."""
_VERSION = ".".join(map(str, HADOOP))
DAEMONS = ",".join(
    (
        *(f"org.apache.hadoop:hadoop-client-{part}:{_VERSION}" for part in ("minicluster", "api", "runtime")),
        # What the shaded jars leave to whoever runs them, and name in no dependency of theirs.
        "ch.qos.reload4j:reload4j:1.2.22",
        "org.bouncycastle:bcprov-jdk18on:1.78.1",
        "org.bouncycastle:bcpkix-jdk18on:1.78.1",
        "javax.xml.bind:jaxb-api:2.3.1",
        "org.glassfish.jaxb:jaxb-runtime:2.3.9",
        "org.slf4j:slf4j-simple:1.7.36",
        "org.apache.commons:commons-lang3:3.17.0",
    )
)
_FETCH_SECONDS = 240
_FETCH = """
import sys
from pyspark import SparkConf, SparkContext
conf = SparkConf(loadDefaults=False)
for setting in sys.argv[1:]:
    conf.set(*setting.split("=", 1))
SparkContext._ensure_initialized(conf=conf)
print("jars=" + SparkConf().get("spark.jars"))
"""


class JarsOutOfReachError(Exception):
    """The jars are not on this machine and could not be fetched; the text is the resolver's last line."""


def daemon_jars() -> tuple[str, ...]:
    """The paths of all that YARN's daemons need, with the connector of their own Hadoop: NodeManagers fetch from S3.

    Raises:
        JarsOutOfReachError: no network, or no registry that Spark's resolver knows.
    """
    return (*_fetched({"spark.jars.packages": DAEMONS}), *_fetched(connector_settings(HADOOP)))


def connector_jars() -> tuple[str, ...]:
    """The paths of S3A and its SDK, which fit the tested Spark. Raises likewise."""
    return _fetched(connector_settings(hadoop_version(spark_home(os.environ))))


def _fetched(settings: Mapping[str, str]) -> tuple[str, ...]:
    cache = JarCache.of_user(os.environ)
    packages = settings["spark.jars.packages"]
    jars = cache.find(packages) or _fetch(settings)
    cache.keep(packages, jars)
    return tuple(jar.removeprefix("file://") for jar in jars)


def _fetch(settings: Mapping[str, str]) -> tuple[str, ...]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))}
    done = subprocess.run(
        [sys.executable, "-c", _FETCH, *(f"{key}={value}" for key, value in settings.items())],
        env={**kept, **ensure_java(os.environ), "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=_FETCH_SECONDS,
        check=False,
    )
    found = [line for line in done.stdout.splitlines() if line.startswith("jars=")]
    if done.returncode or not found:
        raise JarsOutOfReachError((done.stderr.strip().splitlines() or ["Spark did not start"])[-1])
    return tuple(found[-1].removeprefix("jars=").split(","))
