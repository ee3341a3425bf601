"""The class path of a Spark that this process started: jars come on it next to the user's own.

If `spark.jars` were given at the start, it would replace that of `spark-defaults.conf`, and the user's `--jars` would
replace it.
"""

from __future__ import annotations

from collections.abc import Sequence

from py4j.java_gateway import JavaObject, JVMView
from pyspark import SparkConf

JARS = "spark.jars"
"""Spark's setting: what its context gives to all executors."""


def put_on_class_path(jvm: JVMView, jars: Sequence[str]) -> None:
    """Put `jars` (URLs) on the driver's class path."""
    for jar in jars:
        context_loader(jvm).addURL(jvm.java.net.URI(jar).toURL())


def with_jars(conf: SparkConf, jars: Sequence[str]) -> dict[str, str]:
    """Return the setting that has `jars` next to those that `conf` names."""
    return {JARS: ",".join(filter(None, [conf.get(JARS), *jars]))}


def context_loader(jvm: JVMView) -> JavaObject:
    """Return the driver's class loader, to which spark-submit adds the jars that it starts with.

    (SparkSubmitUtils.addJarToClasspath; its MutableURLClassLoader is the context class loader of all that
    follows.)
    """
    return jvm.java.lang.Thread.currentThread().getContextClassLoader()
