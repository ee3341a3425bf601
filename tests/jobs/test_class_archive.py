from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from jobs import class_archive
from jobs.class_archive import archive_options, make_archive
from jobs.errors import UsageError
from jobs.java import find_java
from tests.quick_jvm import QUICK_JVM

ROOT = Path(__file__).resolve().parents[2]
A_START = """
from jobs.spark_session import started_spark
with started_spark() as spark:
    print(spark.range(3).count(), spark.sparkContext.getConf().get("spark.memory.offHeap.enabled"))
"""


def user_environ(**more: str) -> dict[str, str]:
    """The environment of a user who has set nothing of Spark's."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SPARK", "PYSPARK"))}
    return kept | {"PYTHONPATH": str(ROOT), "SPARK_MASTER": "local[2]"} | more


def archive_in(folder: Path, sizes: str = '{"java.jsa": 4, "spark.jsa": 5}') -> Path:
    folder.mkdir()
    (folder / "java.jsa").write_text("java")
    (folder / "spark.jsa").write_text("spark")
    (folder / "sizes.json").write_text(sizes)
    return folder


needs_java_17 = pytest.mark.skipif(
    find_java(os.environ, None).release != 17,
    reason="Java 21 passes its archive over, and no other was tried",
)


@pytest.mark.job
@needs_java_17
def test_a_local_run_starts_from_the_archive_with_memory_beside_its_heap(tmp_path: Path) -> None:
    """Spark's own classes, thousands of them, come out of it, and nobody hears of it."""
    folder, loaded = tmp_path / "made here" / "classes", tmp_path / "loaded.txt"
    make_archive(folder, user_environ())
    options = f"{archive_options(folder)} {QUICK_JVM} -Xlog:class+load:file={loaded}"
    started = subprocess.run(
        [sys.executable, "-c", A_START],
        env=user_environ(SPARK_SUBMIT_OPTS=options),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert started.stdout.splitlines()[-1] == "3 true"
    assert "cds" not in started.stdout + started.stderr
    of_spark = re.findall(r"org\.apache\.spark\.\S+ source: shared objects file \(top\)", loaded.read_text())
    assert len(of_spark) > 2000


def test_an_archive_is_used_whole_or_not_at_all(tmp_path: Path) -> None:
    """A JVM dies of a file that ends too early."""
    folder = archive_in(tmp_path / "classes")
    options = archive_options(folder) or ""
    assert options.startswith(f'"-XX:SharedArchiveFile={folder}/java.jsa:{folder}/spark.jsa"')
    (folder / "spark.jsa").write_text("spar")
    assert archive_options(folder) is None
    (folder / "spark.jsa").unlink()
    assert archive_options(folder) is None


@pytest.mark.parametrize("sizes", ["", "{", "\x00"])
def test_an_archive_whose_sizes_can_not_be_read_is_none(tmp_path: Path, sizes: str) -> None:
    assert archive_options(archive_in(tmp_path / "classes", sizes)) is None


def test_no_archive_is_no_error(tmp_path: Path) -> None:
    assert archive_options(tmp_path / "none") is None


def fake_java(home: Path, then: str) -> dict[str, str]:
    """A user's environment with a Java that describes itself as 17, and does `then` when it is to make an archive."""
    script = home / "bin" / "java"
    script.parent.mkdir(parents=True)
    modules = "    java.home = {home}\\n    java.specification.version = 17\\njdk.incubator.vector@17\\n"
    script.write_text(
        f'#!/bin/sh\ncase "$*" in *-XshowSettings*) printf "{modules.format(home=home)}"; exit;; esac\n{then}\n'
    )
    script.chmod(0o755)
    return user_environ(JAVA_HOME=str(home))


def test_a_java_that_keeps_no_archive_is_told_in_its_own_words(tmp_path: Path) -> None:
    environ = fake_java(tmp_path / "java", "echo Unrecognized option; exit 1")
    with pytest.raises(UsageError, match="no class archive: java ended with: Unrecognized option"):
        make_archive(tmp_path / "classes", environ)


def test_one_that_could_not_be_made_is_none_and_leaves_nothing(tmp_path: Path) -> None:
    folder = archive_in(tmp_path / "classes")
    with pytest.raises(UsageError):
        make_archive(folder, fake_java(tmp_path / "java", "exit 1"))
    assert not folder.exists()


def fake_run(monkeypatch: pytest.MonkeyPatch, source: str) -> list[str]:
    """Have no JVM run, but its files written; the classes that it loads come from `source`. The programs' names."""
    ran: list[str] = []

    def run(command: Sequence[str], environ: Mapping[str, str]) -> None:
        ran.append(Path(command[0]).name)
        for option in (*command, *shlex.split(environ.get("SPARK_SUBMIT_OPTS", ""))):
            if "-Xshare:dump" in command and option.startswith("-XX:SharedArchiveFile="):
                Path(option.partition("=")[2]).write_text("java's")
            if option.startswith("-XX:ArchiveClassesAtExit="):
                Path(option.partition("=")[2]).write_text("spark's")
            if option.startswith("-Xlog:class+load:file="):
                Path(option.partition("=")[2]).write_text(f"org.apache.spark.A source: {source}")

    monkeypatch.setattr(class_archive, "_run", run)
    return ran


def test_a_new_archive_takes_the_place_of_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after another Spark was installed, whose jars the old one does not know."""
    ran = fake_run(monkeypatch, "shared objects file (top)")
    folder = archive_in(tmp_path / "classes")
    make_archive(folder, fake_java(tmp_path / "java", "exit 1"))
    assert ((folder / "java.jsa").read_text(), (folder / "spark.jsa").read_text()) == ("java's", "spark's")
    assert archive_options(folder)
    assert ran == ["java", "spark-submit", "spark-submit", Path(sys.executable).name, "spark-submit"]


def test_a_java_that_passes_its_archive_over_is_told_before_a_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """180 MB that nobody reads are not kept."""
    ran = fake_run(monkeypatch, "file:/jars/spark.jar")
    with pytest.raises(UsageError, match="this Java passes its own over"):
        make_archive(tmp_path / "classes", fake_java(tmp_path / "java", "exit 1"))
    assert ran == ["java", "spark-submit", "spark-submit"]
    assert not (tmp_path / "classes").exists()


def test_whoever_takes_too_long_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_archive, "_LONGEST_SECONDS", 0.05)
    with pytest.raises(UsageError, match=r"no class archive: java took over 0\.05 s"):
        make_archive(tmp_path / "classes", fake_java(tmp_path / "java", "exec sleep 30"))


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "share").write_text("a file where a folder should be")
    folder = tmp_path / "share" / "classes"
    with pytest.raises(UsageError, match=f"no class archive in {folder}: "):
        make_archive(folder, fake_java(tmp_path / "java", "exit 0"))
