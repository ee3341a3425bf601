"""The jars of YARN's own daemons and of Spark's S3 connector, fetched once per user.

The daemons run on their own Hadoop, for any Hadoop of the tested Spark: a cluster's is not its client's.
"""

from __future__ import annotations

import os

from jobs.spark.local.hadoop import HadoopVersion, hadoop_version, spark_home
from jobs.spark.local.jar_cache import JarCache
from jobs.spark.local.jar_resolver import Packages, jars_of
from jobs.spark.local.java import ensure_java
from jobs.spark.s3_connector import connector_packages

HADOOP: HadoopVersion = (3, 4, 1)
"""What YARN's daemons run on."""
_VERSION = ".".join(map(str, HADOOP))
DAEMONS = ",".join(
    (
        *(f"org.apache.hadoop:hadoop-client-{part}:{_VERSION}" for part in ("minicluster", "api", "runtime")),
        # Jars that the shaded jars need at run time, and do not declare as dependencies.
        "ch.qos.reload4j:reload4j:1.2.22",
        "org.bouncycastle:bcprov-jdk18on:1.78.1",
        "org.bouncycastle:bcpkix-jdk18on:1.78.1",
        "javax.xml.bind:jaxb-api:2.3.1",
        "org.glassfish.jaxb:jaxb-runtime:2.3.9",
        "org.slf4j:slf4j-simple:1.7.36",
        "org.apache.commons:commons-lang3:3.17.0",
    )
)


def daemon_jars() -> tuple[str, ...]:
    """The paths of all that YARN's daemons need, with the connector of their own Hadoop: NodeManagers fetch from S3.

    Raises:
        UsageError: they can't be fetched.
    """
    return (*_paths(Packages("YARN", DAEMONS)), *_paths(connector_packages(HADOOP)))


def connector_jars() -> tuple[str, ...]:
    """The paths of S3A and its SDK, which fit the tested Spark. Raises likewise."""
    return _paths(connector_packages(hadoop_version(spark_home(os.environ))))


def _paths(packages: Packages) -> tuple[str, ...]:
    environ = {**os.environ, **ensure_java(os.environ)}
    return tuple(
        jar.removeprefix("file://") for jar in jars_of(packages, JarCache.of_user(os.environ), environ)
    )
