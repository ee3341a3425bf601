"""The Spark session of a run: started here, or in what spark-submit started, with the settings that results depend on.

Under spark-submit, cluster and memory are the user's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from core.aws.buckets import Bucket
from core.aws.session import ca_bundle
from jobs.errors import UsageError
from jobs.spark.class_path import put_on_class_path, with_jars
from jobs.spark.java_credentials import ask_boto3, credential_process_environment
from jobs.spark.jvm_names import look_up_once
from jobs.spark.local.first_compiler import spare_second_compiler
from jobs.spark.local.forking import called_once_forked
from jobs.spark.local.hadoop import HadoopVersion, hadoop_version, parse_version, spark_home
from jobs.spark.local.jar_cache import JarCache
from jobs.spark.local.jar_resolver import jars_of
from jobs.spark.local.java import ensure_java
from jobs.spark.local.local_jvm import first_jars, launch_environment, memory_settings
from jobs.spark.local.trust_store import PROPERTY, temporary_trust_store
from jobs.spark.required_settings import HADOOP_UNSET, REQUIRED
from jobs.spark.s3_connector import (
    S3_FILESYSTEM,
    account_settings,
    bucket_settings,
    connector_packages,
    direct_hosts,
    needs_credential_process,
)
from jobs.spark.signal_handlers import interrupt_kept, signals_held_back
from jobs.spark.table_connectors import connector_settings
from sources.tables.table_source import TableSource

_PREFERRED = {
    "spark.sql.parquet.compression.codec": "zstd",
    # The JVM never compiles a method of more than 8,000 bytes of bytecode (HotSpot, HugeMethodLimit): what Spark fuses
    # beyond that runs interpreted, and slower than what it does not fuse. Many properties or rules get there.
    "spark.sql.codegen.hugeMethodLimit": "8000",
    # PySpark 4 tells the JVM for each column which line of code made it, which is most of what the two say to each
    # other here. Only Spark's own messages quote it, and those are not shown.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    # Tasks put their files in place themselves: half the renames, which are copies on S3. What a failed write
    # leaves behind does no harm, since nothing here reads the output of one.
    "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
}
"""Settings that give way to what spark-submit or spark-defaults.conf say."""

_LOCAL = {
    # No other machine takes part: there is no name to resolve, and no port needs to be open to the network.
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
}
"""Preferred too, where driver and executors are this one machine."""

_APP_NAME = "personalize-backfill"
_QUERY_LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")


@contextmanager
def started_spark(
    buckets: Sequence[Bucket] = (),
    table: TableSource | None = None,
    once_forked: Callable[[], object] = lambda: None,
    once_connected: Callable[[SparkContext], object] = lambda _: None,
) -> Iterator[SparkSession]:
    """Yield the Spark session of this run, stopped at its end; see `build_session`."""
    session = build_session(_APP_NAME, buckets, table, once_forked, once_connected)
    try:
        yield session
    finally:
        # A JVM that has ended already, as after SIGTERM to spark-submit, has nothing left to stop.
        with suppress(Py4JError, ConnectionError):
            session.stop()


def build_session(
    app_name: str,
    buckets: Sequence[Bucket] = (),
    table: TableSource | None = None,
    once_forked: Callable[[], object] = lambda: None,
    once_connected: Callable[[SparkContext], object] = lambda _: None,
) -> SparkSession:
    """Return the Spark session of this process, started if needed; a process has one.

    `buckets` are those that Spark will read or write. Where there are any, a Spark that is started here fetches the
    connector's jars (20 MB, once per user). What spark-submit started has its own. The same holds for the connector of
    the format that `table` is in.

    The start takes seconds on one core; two callbacks let others work during it. `once_forked` is called when this
    process has forked for the JVM, before which no other thread may import: see `local.forking`. `once_connected` is
    called when executors can work: from then to the session are seconds, too.

    It changes this process's environment, which the JVM and the Python workers inherit.

    Raises:
        NoJavaError: Spark has to be started here, and no Java suits it.
        UsageError: a setting is on that would send events twice, or a connector is missing or can't be fetched.
    """
    jvm = _attach_or_launch(app_name, once_forked, with_s3=bool(buckets))
    if buckets:
        _set_property("http.nonProxyHosts", direct_hosts(_hadoop_of_jvm(), buckets))
        _trust(ca_bundle())
    conf = _conf_of(jvm, app_name, buckets, table)
    return _start(conf, once_connected)


def complete_conf(
    conf: SparkConf, app_name: str, s3: Mapping[str, str], memory: Mapping[str, str] | None = None
) -> SparkConf:
    """Complete `conf`, which holds what the user set: needs are set, preferences only where nothing is.

    `memory` are preferences for a JVM that is driver and executors in one; a cluster's executors have their own.

    Raises:
        UsageError: `spark.speculation` is on.
    """
    if (conf.get("spark.speculation") or "false").lower() == "true":
        raise UsageError("spark.speculation is on: a second copy of a task would send twice. Turn it off.")
    conf.setAll(list(REQUIRED.items()))
    local = {**_LOCAL, **(memory or {})} if _is_local(conf) else {}
    preferred = {"spark.app.name": app_name, **_PREFERRED, **s3, **local}
    for key, value in preferred.items():
        conf.setIfMissing(key, value)
    return conf


@dataclass(frozen=True, slots=True)
class _Jvm:
    """The JVM of this process: `is_ours` if this process started it, with what it then still needs.

    `jars`: of the S3 connector. `memory`: settings for a JVM that is driver and executors in one.
    """

    is_ours: bool
    jars: tuple[str, ...] = ()
    memory: Mapping[str, str] = field(default_factory=dict)


def _attach_or_launch(app_name: str, once_forked: Callable[[], object], *, with_s3: bool) -> _Jvm:
    """Return the JVM in which spark-submit started this process, else one that is started here."""
    if "PYSPARK_GATEWAY_PORT" in os.environ:  # spark-submit waits there with its JVM
        once_forked()
        SparkContext._ensure_initialized()  # noqa: SLF001 - the public ways to the JVM start a context as well
        return _Jvm(is_ours=False)
    memory = memory_settings(os.environ)
    return _Jvm(is_ours=True, jars=_launch(app_name, once_forked, with_s3=with_s3), memory=memory)


def _conf_of(jvm: _Jvm, app_name: str, buckets: Sequence[Bucket], table: TableSource | None) -> SparkConf:
    """Return the session's settings; connectors that they need and the JVM lacks are put on its class path."""
    conf = SparkConf()
    s3 = bucket_settings(_hadoop_of_jvm(), buckets) if buckets else {}
    if buckets and jvm.is_ours:
        s3 |= _account(conf)
    if jvm.jars:
        conf.setAll(list(with_jars(conf, jvm.jars).items()))
        put_on_class_path(SparkContext._jvm, jvm.jars)  # noqa: SLF001 - as above
    if table is not None:
        conf.setAll(list(connector_settings(table, conf, is_ours=jvm.is_ours).items()))
    return complete_conf(conf, app_name, s3, jvm.memory)


def _account(conf: SparkConf) -> dict[str, str]:
    hadoop = _hadoop_of_jvm()
    asks = not needs_credential_process(hadoop) and ask_boto3(conf, SparkContext._jvm)  # noqa: SLF001 - as above
    return account_settings(hadoop, from_boto3=asks)


def _start(conf: SparkConf, once_connected: Callable[[SparkContext], object]) -> SparkSession:
    if _is_local(conf):
        # The machine's `python3` need not be this one, with the job's packages.
        os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    with interrupt_kept():
        context = SparkContext.getOrCreate(conf)
        _set_up(context, conf)
        once_connected(context)
        return SparkSession.builder.config(conf=conf).getOrCreate()


def _set_up(context: SparkContext, conf: SparkConf) -> None:
    """Set what a session's settings can't: what is logged, and what the cluster's Hadoop says."""
    look_up_once(context._jvm)  # noqa: SLF001 - it has no public name
    context.setLogLevel(conf.get("spark.log.level", "FATAL") or "FATAL")
    _silence_query_loggers()
    _claim_s3(context)
    _list_every_file(context)


def _launch(app_name: str, once_forked: Callable[[], object], *, with_s3: bool) -> tuple[str, ...]:
    """Start the JVM; return the jars of the S3 connector that it still needs, if any."""
    os.environ.update(ensure_java(os.environ) | launch_environment(os.environ))
    jars = _connector() if with_s3 else ()
    # Given at the start: otherwise Spark takes itself for a shell, with a shell's name and progress bar.
    conf = SparkConf(loadDefaults=False).setAppName(app_name).set("spark.ui.showConsoleProgress", "false")
    if first := first_jars(os.environ, spark_home(os.environ) / "jars"):
        conf.set("spark.driver.extraClassPath", first)
    if os.environ.get("SPARK_MASTER"):
        conf.setMaster(os.environ["SPARK_MASTER"])
    # A JVM that loses this process before the two are connected never ends.
    with signals_held_back(), called_once_forked(once_forked):
        SparkContext._ensure_initialized(conf=conf)  # noqa: SLF001 - as above
    spare_second_compiler(SparkContext._gateway)  # noqa: SLF001 - as above
    return jars


def _connector() -> tuple[str, ...]:
    """Fetch the S3 connector that fits the installed Spark."""
    hadoop = hadoop_version(spark_home(os.environ))
    jars = jars_of(connector_packages(hadoop), JarCache.of_user(os.environ), os.environ)
    if needs_credential_process(hadoop):
        os.environ.update(credential_process_environment(os.environ))
    return jars


def _hadoop_of_jvm() -> HadoopVersion | None:
    """Return the Hadoop that Spark really runs with: on a cluster it is not that of the installed PySpark."""
    jvm = SparkContext._jvm  # noqa: SLF001 - as above
    return parse_version(str(jvm.org.apache.hadoop.util.VersionInfo.getVersion())) if jvm else None


def _trust(bundle: str | None) -> None:
    """Let this JVM trust the certificates of `bundle`, unless the user chose a trust store for it.

    A cluster's executors have trust stores of their own.
    """
    if bundle:
        _set_property(PROPERTY, str(temporary_trust_store(bundle)))


def _set_property(name: str, value: str) -> None:
    """Set a system property of this JVM, unless the user has."""
    jvm = SparkContext._jvm  # noqa: SLF001 - as above
    if value and jvm and not jvm.java.lang.System.getProperty(name):
        jvm.java.lang.System.setProperty(name, value)


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


def _list_every_file(context: SparkContext) -> None:
    """Undo the settings of a cluster's Hadoop that make Spark skip files."""
    hadoop = context._jsc.hadoopConfiguration()  # noqa: SLF001 - as above
    for key in HADOOP_UNSET:
        hadoop.unset(key)


def _is_local(conf: SparkConf) -> bool:
    return (conf.get("spark.master") or "").startswith("local")
