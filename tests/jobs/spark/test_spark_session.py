from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pyspark import SparkConf

from jobs.errors import UsageError
from jobs.spark.local.hadoop import hadoop_version, spark_home
from jobs.spark.spark_session import complete_conf
from tests.aws.moto_server import MotoServer
from tests.jobs.spark.quick_jvm import QUICK_JVM

ROOT = Path(__file__).resolve().parents[3]


Ended = subprocess.CompletedProcess[str]


def run_script(script: str, folder: Path, environ: dict[str, str], *command: str) -> Ended:
    """Run a script from a folder of its own, as a user's shell would, with only the path to this checkout."""
    file = folder / "script.py"
    file.write_text(script)
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("SPARK", "PYSPARK", "AWS"))
    }
    return subprocess.run(
        [*(command or (sys.executable,)), str(file)],
        cwd=folder,
        env=kept
        | {"PYTHONPATH": str(ROOT), "SPARK_MASTER": "local[2]", "SPARK_SUBMIT_OPTS": QUICK_JVM}
        | environ,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def shown(ended: Ended) -> dict[str, Any]:
    assert ended.returncode == 0, ended.stderr[-3000:]
    last: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return last


def conf(**settings: str) -> SparkConf:
    made = SparkConf(loadDefaults=False)
    for key, value in settings.items():
        made.set(key.replace("__", "."), value)
    return made


def test_what_the_results_depend_on_is_not_the_users_to_change() -> None:
    completed = complete_conf(
        conf(
            spark__sql__ansi__enabled="true",
            spark__sql__session__timeZone="Asia/Tokyo",
            spark__sql__redaction__string__regex="(?i)password",
        ),
        "job",
        {},
    )
    assert completed.get("spark.sql.ansi.enabled") == "false"
    assert completed.get("spark.sql.session.timeZone") == "UTC"
    assert completed.get("spark.sql.redaction.string.regex") == "(?s).+", "nor what Spark shows of a row"


def test_preferences_give_way_to_the_users_settings() -> None:
    user = conf(
        spark__app__name="mine", spark__sql__parquet__compression__codec="snappy", spark__master="local[2]"
    )
    user.set("spark.ui.enabled", "true").set("spark.hadoop.fs.s3a.endpoint", "http://mine")
    completed = complete_conf(user, "job", {"spark.hadoop.fs.s3a.endpoint": "http://other"})
    assert completed.get("spark.app.name") == "mine"
    assert completed.get("spark.sql.parquet.compression.codec") == "snappy"
    assert completed.get("spark.ui.enabled") == "true"
    assert completed.get("spark.hadoop.fs.s3a.endpoint") == "http://mine"


def test_a_cluster_keeps_its_ui_and_its_addresses() -> None:
    completed = complete_conf(conf(spark__master="yarn"), "job", {})
    assert not completed.contains("spark.ui.enabled")
    assert not completed.contains("spark.driver.host")
    assert complete_conf(conf(spark__master="local[*]"), "job", {}).get("spark.driver.host") == "127.0.0.1"


def test_memory_outside_the_heap_is_for_a_jvm_that_does_it_all() -> None:
    """A cluster's executors have the memory that their user gave them."""
    memory = {"spark.memory.offHeap.size": "1g"}
    assert (
        complete_conf(conf(spark__master="local[2]"), "job", {}, memory).get("spark.memory.offHeap.size")
        == "1g"
    )
    assert not complete_conf(conf(spark__master="spark://host:7077"), "job", {}, memory).contains(
        "spark.memory.offHeap.size"
    )
    user = conf(spark__master="local[2]", spark__memory__offHeap__size="7g")
    assert complete_conf(user, "job", {}, memory).get("spark.memory.offHeap.size") == "7g"


@pytest.mark.parametrize("value", ["true", "TRUE"])
def test_speculation_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match="speculation is on"):
        complete_conf(conf(spark__speculation=value), "job", {})


def test_the_hadoop_of_the_installed_spark_is_known(tmp_path: Path) -> None:
    assert (hadoop_version(spark_home({})) or (0, 0, 0)) >= (3, 3, 4)
    assert spark_home({"SPARK_HOME": str(tmp_path)}) == tmp_path
    assert hadoop_version(tmp_path) is None


LOCAL = """
import json, logging, psutil, sys
from pyspark.sql import SparkSession, functions as F
import delivery
from pyspark import SparkContext
from jobs.spark.code_shipping import ship_code
from jobs.spark.spark_session import build_session

logging.basicConfig(level=logging.WARNING)
began = []
def once_forked():
    began.append(("forked", len(psutil.Process().children()), SparkContext._gateway is not None))
def once_connected(context):
    began.append(("connected", context.parallelize([1, 2], 2).sum(), SparkSession.getActiveSession() is not None))
spark = build_session("a local run", once_forked=once_forked, once_connected=once_connected)
ship_code(spark.sparkContext, delivery)
def where(_):
    import os, sys, delivery
    return [os.path.dirname(delivery.__path__[0]), sys.executable]
def noted():
    try:
        spark.range(1).select(F.col("id") / F.array("id"))
    except Exception as error:
        return [context.callSite() for context in getattr(error, "getQueryContext", list)()]
context = spark.sparkContext
print(json.dumps({
    "noted": noted(),
    "began": began,
    "room": context.parallelize([1], 1).map(where).first()[0],
    "python": context.parallelize([1], 1).map(where).first()[1],
    "settings": dict(context.getConf().getAll()),
    "heap": context._jvm.Runtime.getRuntime().maxMemory(),
    "plan": context._jvm.PythonSQLUtils.explainString(
        spark.range(9).where("id > 987654")._jdf.queryExecution(), "extended"
    ),
    "s3": context._jsc.hadoopConfiguration().get("fs.s3.impl"),
}))
spark.stop()
"""


@pytest.mark.process
def test_a_local_run_is_quiet_fetches_nothing_and_its_workers_find_the_code(tmp_path: Path) -> None:
    ended = run_script(LOCAL, tmp_path, {"PYSPARK_PYTHON": "/nowhere/python", "SPARK_DRIVER_MEMORY": "1500m"})
    seen = shown(ended)
    assert seen["began"] == [["forked", 1, False], ["connected", 3, False]], (
        "the JVM's process, then executors"
    )
    assert seen["room"].endswith("delivery.zip")
    assert seen["python"] == sys.executable
    assert seen["heap"] < 1600 * (1 << 20)
    assert seen["s3"] == "org.apache.hadoop.fs.s3a.S3AFileSystem"
    assert seen["settings"]["spark.app.name"] == "a local run"
    assert seen["settings"]["spark.master"] == "local[2]"
    assert seen["settings"]["spark.driver.host"] == "127.0.0.1"
    assert not seen["settings"].get("spark.jars")
    assert "987654" not in seen["plan"]
    # PySpark 4 would have sent the JVM, column by column, the line of the script that made it.
    assert "script.py" not in "".join(seen["noted"])
    assert ended.stderr == ""


@pytest.mark.process
def test_speculation_from_the_command_line_is_refused_before_spark_runs_anything(tmp_path: Path) -> None:
    script = "from jobs.spark.spark_session import build_session\nbuild_session('job')\n"
    arguments = {"PYSPARK_SUBMIT_ARGS": "--conf spark.speculation=true pyspark-shell"}
    ended = run_script(script, tmp_path, arguments)
    assert ended.returncode == 1
    assert "UsageError: spark.speculation is on" in ended.stderr


@pytest.mark.process
def test_under_spark_submit_its_own_settings_stand(tmp_path: Path) -> None:
    submit = Path(sys.executable).with_name("spark-submit")
    ended = run_script(
        LOCAL,
        tmp_path,
        {"PYSPARK_PYTHON": sys.executable, "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"},
        *(
            str(submit),
            "--master",
            "local[1]",
            "--name",
            "mine",
            "--conf",
            "spark.ui.showConsoleProgress=true",
        ),
    )
    seen = shown(ended)
    assert seen["began"] == [["forked", 0, False], ["connected", 3, False]], "nothing was to be forked"
    assert seen["settings"]["spark.master"] == "local[1]"
    assert seen["settings"]["spark.app.name"] == "mine"
    assert seen["settings"]["spark.ui.showConsoleProgress"] == "true"
    assert seen["settings"]["spark.sql.ansi.enabled"] == "false"
    assert "spark.memory.offHeap.enabled" not in seen["settings"]
    assert seen["room"].endswith("delivery.zip")


ON_S3 = """
import json, sys
from pyspark import SparkContext
from core.storage import find_buckets
from jobs.spark.spark_session import build_session

spark = build_session("on s3", find_buckets(["s3://logs/out"]))
spark.range(100).selectExpr("id", "id % 2 as part").coalesce(1).write.parquet("s3://logs/out")
print(json.dumps({
    "mine": SparkContext._jvm.java.lang.Thread.currentThread().getContextClassLoader().getResource("mine") is not None,
    "jars": spark.conf.get("spark.jars").split(","),
    "rows": spark.read.parquet("s3://logs/out").where("id >= 50").count(),
    "s3a": spark.read.parquet("s3a://logs/out/").count(),
}))
spark.stop()
"""


@pytest.mark.s3
@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("by", ["spark-defaults.conf", "--jars"])
def test_spark_writes_and_reads_s3_urls_with_the_users_own_jars_on_the_class_path(
    tmp_path: Path, by: str
) -> None:
    jar = tmp_path / "mine.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("mine", "")
    (tmp_path / "spark-defaults.conf").write_text(f"spark.jars {jar}\n" if by != "--jars" else "")
    environ = {"PYSPARK_SUBMIT_ARGS": f"--jars {jar} pyspark-shell"} if by == "--jars" else {}
    with MotoServer() as s3:
        s3.create_bucket("logs")
        ended = run_script(ON_S3, tmp_path, {**s3.environ, **environ, "SPARK_CONF_DIR": str(tmp_path)})
        seen = shown(ended)
        keys = s3.keys("logs", "out/")
    assert seen["mine"]
    assert str(jar) in seen["jars"][0]
    assert len(seen["jars"]) > 1
    assert (seen["rows"], seen["s3a"]) == (50, 100)
    assert sorted(key.rsplit("/", 1)[1][:5] for key in keys) == ["_SUCC", "part-"]
