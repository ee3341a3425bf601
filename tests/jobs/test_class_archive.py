from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jobs import class_archive
from jobs.class_archive import archive_options, make_archive
from jobs.errors import UsageError
from tests.quick_jvm import QUICK_JVM

ROOT = Path(__file__).resolve().parents[2]
A_START = """
from jobs.spark_session import started_spark
with started_spark(needs_s3=False) as spark:
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


@pytest.mark.job
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
    assert archive_options(tmp_path / "classes") is None


def test_one_that_could_not_be_made_is_none(tmp_path: Path) -> None:
    folder = archive_in(tmp_path / "classes")
    with pytest.raises(UsageError):
        make_archive(folder, fake_java(tmp_path / "java", "exit 1"))
    assert archive_options(folder) is None


def test_a_new_archive_takes_the_place_of_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after another Spark was installed, whose jars the old one does not know."""
    monkeypatch.setattr(
        class_archive, "_plan", lambda _scratch, fresh, _environ: (fresh / "spark.jsa").write_text("newer")
    )
    folder = archive_in(tmp_path / "classes")
    dump = 'for o do case $o in -XX:SharedArchiveFile=*:*) ;; *File=*) printf new > "${o#*=}";; esac; done'
    make_archive(folder, fake_java(tmp_path / "java", dump))
    assert (folder / "java.jsa").read_text() == "new"
    assert archive_options(folder)


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "share").write_text("a file where a folder should be")
    folder = tmp_path / "share" / "classes"
    with pytest.raises(UsageError, match=f"no class archive in {folder}: "):
        make_archive(folder, fake_java(tmp_path / "java", "exit 0"))
