"""The JVM of a local run: its memory and its options.

For a JVM that this process starts, which is driver and executors in one. The user's own settings of memory
or collector are kept. Not used under spark-submit.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

_OPTIONS = ("SPARK_SUBMIT_OPTS", "PYSPARK_SUBMIT_ARGS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS")
_UTF8_LOCALE = "C.UTF-8"
_COMPILER = ("-XX:Tier4LoadFeedback=1", "-XX:FreqInlineSize=60")
"""Options for the JVM's second compiler (HotSpot's C2), which takes CPU from the first rows of a run.

When a method waits for it, the next one needs twice as many calls, not three: 3 % less CPU for a start with a million
rows. Much used methods are copied into their callers up to 60 bytes of bytecode, not 325: 12 % less, as Spark generates
large methods with many calls. The compiled code is as fast: 2 million rows in 13.9 s with either, the means of six
rounds.
"""
_MUCH_USED = (
    "spark-catalyst_",
    "scala-library-",
    "spark-core_",
    "scala-reflect-",
    "spark-sql-api_",
    "spark-sql_",
    "log4j-core-",
    "parquet-column-",
    "hadoop-client-api-",
    "jackson-databind-",
)
"""The jars that most of the classes come from which the JVM loads in a run."""
_GIB = 1 << 30
_MIB_OF_GIB = 1024


def machine_memory(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the machine's memory in bytes or, if that is less, its container's limit (cgroup v2, and v1)."""
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([installed, *_limits(cgroup / "memory.max", cgroup / "memory" / "memory.limit_in_bytes")])


def _limits(*files: Path) -> Iterator[int]:
    for file in files:
        with suppress(OSError, ValueError):  # a file that does not exist, and "max" for none
            yield int(file.read_text(encoding="ascii"))


def launch_environment(environ: Mapping[str, str], memory: int | None = None) -> dict[str, str]:
    """Return the changes to the environment with which the JVM is started; the user's own values are kept.

    `memory` is the machine's, in bytes: a quarter of it, between 1 and 8 GiB, becomes the heap.
    """
    changes = _encoding(environ)
    changes |= {} if environ.get("SPARK_DRIVER_MEMORY") else {"SPARK_DRIVER_MEMORY": f"{_heap(memory)}g"}
    if not environ.get("SPARK_CONF_DIR"):  # such a folder has a log configuration of its own
        log = f"-Dlog4j2.configurationFile={_log_settings().as_uri()}"
        options = (log, _collector(environ), *_compiler(environ), environ.get("SPARK_SUBMIT_OPTS"))
        changes["SPARK_SUBMIT_OPTS"] = " ".join(filter(None, options))
    return changes


@cache
def _log_settings() -> Path:
    """Return a file with the JVM's log settings, until this process ends: Java can't read one in our zip."""
    files_open = ExitStack()
    atexit.register(files_open.close)
    return files_open.enter_context(as_file(files("jobs.spark.local") / "log4j2.properties"))


def _encoding(environ: Mapping[str, str]) -> dict[str, str]:
    """Let the JVM read file names as UTF-8: in another locale, or one that is not installed, it finds no é."""
    if sys.platform != "linux" or environ.get("LC_ALL") == _UTF8_LOCALE:
        return {}
    return {"LC_ALL": _UTF8_LOCALE}


def memory_settings(environ: Mapping[str, str], memory: int | None = None) -> dict[str, str]:
    """Return Spark's settings for the memory it sorts in: off the heap, half its size; none if the user chose the heap.

    That is about what Spark would take of the heap (`spark.memory.fraction`), where the collector copies it
    once more: for a million rows 770 MB, in one pause of a second.
    """
    if environ.get("SPARK_DRIVER_MEMORY"):
        return {}
    size = _heap(memory) * _MIB_OF_GIB // 2
    return {"spark.memory.offHeap.enabled": "true", "spark.memory.offHeap.size": f"{size}m"}


def first_jars(environ: Mapping[str, str], jars: Path) -> str:
    """Return the much used ones of Spark's `jars`, to begin the class path with; "" if the user may have set one.

    The JVM looks for each of some 10,000 classes in one jar of 280 after the other: 0.8 s of a run's start.
    """
    settings = environ.get("SPARK_HOME") or environ.get("SPARK_CONF_DIR") or (jars.parent / "conf").exists()
    if settings or "--properties-file" in environ.get("PYSPARK_SUBMIT_ARGS", ""):
        return ""
    found = [jar for name in _MUCH_USED for jar in sorted(jars.glob(f"{name}*.jar"))]
    return os.pathsep.join(str(jar) for jar in found if os.pathsep not in str(jar))


def _heap(memory: int | None) -> int:
    """Return the GiB of heap for a machine with so many bytes of memory; None is this machine."""
    return min(max((memory or machine_memory()) // 4 // _GIB, 1), 8)


def _collector(environ: Mapping[str, str]) -> str | None:
    """Return the JVM's option for the collector that suits a batch; None if the user may have chosen one.

    Two of them are an error for the JVM. It saves 5 % of CPU for staging a million rows, compilation
    included.
    """
    if environ.get("SPARK_HOME"):  # a Spark of the user's may have options anywhere
        return None
    return None if any("GC" in environ.get(name, "") for name in _OPTIONS) else "-XX:+UseParallelGC"


def _compiler(environ: Mapping[str, str]) -> list[str]:
    """Return the options for the second compiler that the user has not set."""
    set_already = " ".join(environ.get(name, "") for name in _OPTIONS)
    return [option for option in _COMPILER if option.split("=")[0] not in set_already]
