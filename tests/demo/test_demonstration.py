from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo.demonstration import ROOT, SCHEMA
from jobs.cli.demo import main
from tests.jobs.spark.quick_jvm import QUICK_JVM


@pytest.mark.job
@pytest.mark.slow
def test_the_demo_ends_with_all_accounts_in_agreement(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "jobs.cli",
        "demo",
        "--events",
        "5000",
        "--folder",
        str(tmp_path / "demo"),
    ]
    environ = {**os.environ, "SPARK_SUBMIT_OPTS": QUICK_JVM}
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Everything agrees." in done.stdout
    assert "DISAGREES" not in done.stdout
    assert (tmp_path / "demo" / "output" / "runs" / "first" / "report.html").exists()


def test_a_folder_that_holds_something_else_is_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "theirs").touch()
    assert main(["--folder", str(tmp_path)]) == 2
    assert "other than an earlier demo. Name another." in caplog.text
    assert (tmp_path / "theirs").exists()


def test_the_demos_schema_is_the_one_to_copy() -> None:
    assert SCHEMA.read_bytes() == (ROOT / "conf" / "interactions.avsc").read_bytes()
