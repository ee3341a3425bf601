"""Starts Spark, or joins the one that spark-submit started, with the settings that the results depend on.

It reads no data and decides nothing about the job. Under spark-submit, cluster and memory are the user's.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from jobs.errors import UsageError
from jobs.hadoop import hadoop_version, spark_home
from jobs.jar_cache import JarCache
from jobs.java import ensure_java
from jobs.s3_connector import (
    S3_FILESYSTEM,
    account_settings,
    connector_settings,
    endpoint_settings,
)

_REQUIRED = {
    # What cannot be read becomes null and is rejected by name, row by row; with ANSI it would end the run.
    "spark.sql.ansi.enabled": "false",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    # A date without an offset is UTC on every machine: event ids are made of it.
    "spark.sql.session.timeZone": "UTC",
    # A file that vanishes or is damaged must end the run, not shrink it.
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    # Dates before 1900 are rejected as events, but must not end the run where they are read or put aside.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
}
"""Settings that hold whatever the user's configuration says: the account and the event ids depend on them."""

_PREFERRED = {
    "spark.sql.parquet.compression.codec": "zstd",
    # pandas writes nanoseconds, which Spark refuses unless it may read them as numbers.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    # The JVM never compiles a method of more than 8,000 bytes of bytecode (HotSpot, HugeMethodLimit): what Spark fuses
    # beyond that runs interpreted, and slower than what it does not fuse. Many properties or rules get there.
    "spark.sql.codegen.hugeMethodLimit": "8000",
    # Tasks put their files in place themselves: half the renames, which are copies on S3. What a failed write
    # leaves behind harms nobody, since nothing here reads the output of one.
    "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
    # The plans that Spark's UI and event log show quote the configuration's literals. The labels of the UI's plan
    # graph, which nothing redacts, still do; no value of a row stands in either.
    "spark.sql.redaction.string.regex": "(?s).+",
}
"""Settings that give way to what spark-submit or spark-defaults.conf say."""

_LOCAL = {
    # No other machine takes part: there is no name to resolve, and no port needs to be open to the network.
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
}
"""Preferred too, where driver and executors are this one machine."""

_LOG_SETTINGS = Path(__file__).with_name("log4j2.properties")
_JVM_OPTIONS = ("SPARK_SUBMIT_OPTS", "PYSPARK_SUBMIT_ARGS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS")
_GIB = 1 << 30
_LOG = logging.getLogger("put_events")
_APP_NAME = "personalize-backfill"
_QUERY_LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")


@contextmanager
def started_spark(*, needs_s3: bool) -> Iterator[SparkSession]:
    """The Spark session of this run, stopped at its end; see `build_session`."""
    session = build_session(_APP_NAME, needs_s3=needs_s3)
    try:
        yield session
    finally:
        # A JVM that has ended already, as after SIGTERM to spark-submit, has nothing left to stop.
        with suppress(Py4JError, ConnectionError):
            session.stop()


def build_session(app_name: str, *, needs_s3: bool) -> SparkSession:
    """The Spark session of this process, started if need be; a process has one.

    `needs_s3`: some path is `s3://` or `s3a://`. A Spark that is started here then fetches the connector's
    jars (20 MB, once per user); otherwise it fetches nothing. What spark-submit started has its own.

    It changes this process's environment, which the JVM and the Python workers inherit.

    Raises:
        NoJava: Spark has to be started here, and no Java suits it.
        UsageError: a setting is on that would send events twice.
    """
    s3 = endpoint_settings(os.environ) if needs_s3 else {}
    if "PYSPARK_GATEWAY_PORT" in os.environ:  # spark-submit waits there with its JVM
        SparkContext._ensure_initialized()  # noqa: SLF001 - the public ways to the JVM start a context as well
    else:
        s3 = _launch(app_name, needs_s3) | s3
    conf = settle(SparkConf(), app_name, s3)
    if _is_local(conf):
        # The machine's `python3` need not be this one, with the job's packages.
        os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    session = SparkSession.builder.config(conf=conf).getOrCreate()
    session.sparkContext.setLogLevel(conf.get("spark.log.level", "FATAL") or "FATAL")
    _silence_query_loggers()
    _claim_s3(session.sparkContext)
    return session


def settle(conf: SparkConf, app_name: str, s3: Mapping[str, str]) -> SparkConf:
    """Complete `conf`, which holds what the user set: needs are set, preferences only where nothing is.

    Raises:
        UsageError: `spark.speculation` is on.
    """
    if (conf.get("spark.speculation") or "false").lower() == "true":
        raise UsageError("spark.speculation is on: a second copy of a task would send twice; turn it off.")
    conf.setAll(list(_REQUIRED.items()))
    preferred = {"spark.app.name": app_name, **_PREFERRED, **s3, **(_LOCAL if _is_local(conf) else {})}
    for key, value in preferred.items():
        conf.setIfMissing(key, value)
    return conf


def launch_environment(environ: Mapping[str, str], memory_bytes: int) -> dict[str, str]:
    """The changes to the environment with which a JVM is started here; what the user set there stands.

    `memory_bytes` is the machine's memory: a quarter of it, between 1 and 8 GiB, becomes the driver's heap,
    which in a local run is the executors' too.
    """
    changes = {} if environ.get("SPARK_DRIVER_MEMORY") else {"SPARK_DRIVER_MEMORY": _heap(memory_bytes)}
    if not environ.get("SPARK_CONF_DIR"):  # whoever has such a folder has a log configuration in it
        log = f"-Dlog4j2.configurationFile={_LOG_SETTINGS.as_uri()}"
        options = (log, _collector(environ), environ.get("SPARK_SUBMIT_OPTS"))
        changes["SPARK_SUBMIT_OPTS"] = " ".join(filter(None, options))
    return changes


def _collector(environ: Mapping[str, str]) -> str | None:
    """The JVM's option for the collector that suits a batch; None where the user may have chosen one.

    For the JVM two of them are an error. A million rows are staged in 5 % less CPU so, compilation included.
    """
    chosen = environ.get("SPARK_HOME") or any("GC" in environ.get(name, "") for name in _JVM_OPTIONS)
    return None if chosen else "-XX:+UseParallelGC"


def _launch(app_name: str, needs_s3: bool) -> dict[str, str]:  # noqa: FBT001 - private, called once
    """Start the JVM, and give the S3 settings that go with the connector it was started with."""
    os.environ.update(ensure_java(os.environ) | launch_environment(os.environ, _memory_bytes()))
    # Given at the start: otherwise Spark takes itself for a shell, with a shell's name and progress bar.
    conf = SparkConf(loadDefaults=False).setAppName(app_name).set("spark.ui.showConsoleProgress", "false")
    if os.environ.get("SPARK_MASTER"):
        conf.setMaster(os.environ["SPARK_MASTER"])
    if not needs_s3:
        SparkContext._ensure_initialized(conf=conf)  # noqa: SLF001 - as above
        return {}
    hadoop = hadoop_version(spark_home(os.environ))
    _launch_with_jars(conf, connector_settings(hadoop), JarCache.of_user(os.environ))
    return account_settings(hadoop, os.environ)


def _launch_with_jars(conf: SparkConf, connector: Mapping[str, str], cache: JarCache) -> None:
    packages = connector["spark.jars.packages"]
    known = cache.find(packages)
    if known:
        conf.set("spark.jars", ",".join(known))
    else:
        _LOG.info("fetching the S3 connector for Spark, once: 20 MB")
        conf.setAll(list(connector.items()))
    SparkContext._ensure_initialized(conf=conf)  # noqa: SLF001 - as above
    if not known:
        cache.keep(packages, tuple((SparkConf().get("spark.jars") or "").split(",")))


def _silence_query_loggers() -> None:
    """Keep PySpark 4 from logging what it raises: its loggers print the plan, literals included, and a JVM trace."""
    try:
        from pyspark.logger import PySparkLogger  # noqa: PLC0415 - Spark 3.5 has none, and logs none of this
    except ImportError:
        return
    for name in _QUERY_LOGGERS:
        PySparkLogger.getLogger(name).disabled = True


def _claim_s3(context: SparkContext) -> None:
    """Let `s3://` mean S3A unless the cluster has said what it means, as Amazon EMR has."""
    hadoop = context._jsc.hadoopConfiguration()  # noqa: SLF001 - it has no public name
    if hadoop.get("fs.s3.impl") is None:
        hadoop.set("fs.s3.impl", S3_FILESYSTEM)


def _is_local(conf: SparkConf) -> bool:
    return (conf.get("spark.master") or "").startswith("local")


def _heap(memory_bytes: int) -> str:
    return f"{min(max(memory_bytes // 4 // _GIB, 1), 8)}g"


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
