from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.spark.local.hadoop import spark_home
from jobs.spark.local.local_jvm import first_jars, launch_environment, machine_memory, memory_settings

GIB = 1 << 30


@pytest.mark.parametrize(("memory", "heap"), [(1 * GIB, "1g"), (16 * GIB, "4g"), (512 * GIB, "8g")])
def test_the_heap_of_a_local_run_is_a_quarter_of_the_machine(memory: int, heap: str) -> None:
    assert launch_environment({}, memory)["SPARK_DRIVER_MEMORY"] == heap


def test_what_the_user_set_for_the_jvm_stays() -> None:
    user = {"SPARK_DRIVER_MEMORY": "3g", "SPARK_CONF_DIR": "/etc/spark/conf"}
    assert launch_environment(user, GIB) == {"LC_ALL": "C.UTF-8"}
    options = launch_environment({"SPARK_SUBMIT_OPTS": "-Dmine=1"}, GIB)["SPARK_SUBMIT_OPTS"]
    assert options.startswith("-Dlog4j2.configurationFile=file:///")
    assert options.endswith(" -XX:+UseParallelGC -XX:Tier4LoadFeedback=1 -XX:FreqInlineSize=60 -Dmine=1")


@pytest.mark.parametrize(
    "user",
    [
        {"SPARK_SUBMIT_OPTS": "-XX:+UseSerialGC"},
        {"PYSPARK_SUBMIT_ARGS": "--driver-java-options -XX:+UseG1GC pyspark-shell"},
        {"JAVA_TOOL_OPTIONS": "-XX:+UseG1GC"},
        {"JDK_JAVA_OPTIONS": "-XX:+UseZGC"},
        {"SPARK_HOME": "/opt/spark"},
    ],
)
def test_a_collector_is_chosen_only_where_none_may_have_been_chosen(user: dict[str, str]) -> None:
    """The JVM takes two for an error, and does not start."""
    assert "UseParallelGC" not in launch_environment(user, GIB)["SPARK_SUBMIT_OPTS"]


@pytest.mark.parametrize("name", ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "SPARK_SUBMIT_OPTS"])
def test_what_the_user_set_for_the_second_compiler_stays(name: str) -> None:
    """The JVM takes the last of two, and reads these variables before its command line."""
    options = launch_environment({name: "-XX:FreqInlineSize=200"}, GIB)["SPARK_SUBMIT_OPTS"]
    assert "-XX:FreqInlineSize=60" not in options
    assert "-XX:Tier4LoadFeedback=1" in options


@pytest.mark.parametrize(
    ("memory", "off_heap"), [(1 * GIB, "512m"), (16 * GIB, "2048m"), (512 * GIB, "4096m")]
)
def test_what_is_sorted_has_half_as_much_memory_off_the_heap(memory: int, off_heap: str) -> None:
    assert memory_settings({}, memory) == {
        "spark.memory.offHeap.enabled": "true",
        "spark.memory.offHeap.size": off_heap,
    }


@pytest.mark.parametrize("file", ["memory.max", "memory/memory.limit_in_bytes"])
def test_a_container_has_the_memory_that_it_may_use(tmp_path: Path, file: str) -> None:
    """Beyond it the kernel kills the job, even if the machine has more."""
    installed = machine_memory(tmp_path)
    (tmp_path / file).parent.mkdir(exist_ok=True)
    for said, memory in (("3000000\n", 3_000_000), ("max\n", installed), (f"{2**63 - 4096}\n", installed)):
        (tmp_path / file).write_text(said)
        assert machine_memory(tmp_path) == memory


def test_a_heap_that_the_user_chose_is_all_the_memory_there_is() -> None:
    assert memory_settings({"SPARK_DRIVER_MEMORY": "3g"}, 16 * GIB) == {}


def test_the_jvm_reads_names_as_utf8_in_every_locale() -> None:
    """In POSIX, or in a locale that a slim image lacks, Java finds no file whose name is not ASCII."""
    assert launch_environment({"LC_ALL": "POSIX"}, GIB)["LC_ALL"] == "C.UTF-8"
    assert launch_environment({"LANG": "en_US.UTF-8"}, GIB)["LC_ALL"] == "C.UTF-8"


def test_the_jars_of_most_classes_come_first_on_the_class_path() -> None:
    """The installed Spark has each of them, once."""
    jars = spark_home({}) / "jars"
    first = [Path(jar) for jar in first_jars({}, jars).split(":")]
    assert [re.sub(r"[_-][\d.].*", "", jar.name) for jar in first] == [
        "spark-catalyst",
        "scala-library",
        "spark-core",
        "scala-reflect",
        "spark-sql-api",
        "spark-sql",
        "log4j-core",
        "parquet-column",
        "hadoop-client-api",
        "jackson-databind",
    ]
    assert all(jar.parent == jars and jar.is_file() for jar in first)


def test_a_spark_that_was_started_here_has_them_first(spark: SparkSession) -> None:
    jvm = spark.sparkContext._jvm
    assert jvm is not None
    path = jvm.java.lang.System.getProperty("java.class.path")
    assert path.startswith(first_jars({}, spark_home({}) / "jars") + ":")


@pytest.mark.parametrize(
    "user",
    [
        {"SPARK_HOME": "/opt/spark"},
        {"SPARK_CONF_DIR": "/etc/spark/conf"},
        {"PYSPARK_SUBMIT_ARGS": "--properties-file my.conf pyspark-shell"},
    ],
)
def test_a_class_path_that_the_user_may_have_set_stays(user: dict[str, str]) -> None:
    assert first_jars(user, spark_home({}) / "jars") == ""


def test_a_class_path_that_spark_s_own_folder_may_set_stays(tmp_path: Path) -> None:
    jar = tmp_path / "jars" / "spark-core_2.13-4.0.2.jar"
    jar.parent.mkdir()
    jar.touch()
    assert first_jars({}, jar.parent) == str(jar)
    (tmp_path / "conf").mkdir()
    assert first_jars({}, jar.parent) == ""
