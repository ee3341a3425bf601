"""Names in the JVM, looked up once.

py4j asks the JVM for a name each time that it is used. If the name is not that of a class (each package on the way to a
class, each imported class by its short name), the JVM first looks into every jar, some 300 of Spark's. A small run used
such names 360 times, which took 8 % of its time.
"""

from __future__ import annotations

from py4j.java_gateway import JVMView

_CLASSES = ("functions", "org.apache.spark.sql.functions", "PythonUtils", "PythonSQLUtils")
"""What PySpark asks for, hundreds of times a run, each as one name."""

_PATHS = (
    "org.apache.spark.sql.catalyst.trees.TreePattern",
    "org.apache.hadoop.fs",
    "java.lang",
    "java.util",
    "scala",
)
"""What this job asks for, one name after the other."""


def look_up_once(jvm: JVMView) -> None:
    """Keep what the names mean, as attributes of py4j's objects, which ask only for those they lack."""
    for name in _CLASSES:
        setattr(jvm, name, getattr(jvm, name))
    for path in _PATHS:
        above = jvm
        for name in path.split("."):
            setattr(above, name, getattr(above, name))
            above = getattr(above, name)
