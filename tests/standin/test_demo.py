from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from standin.demo import ROOT, main
from tests.quick_jvm import QUICK_JVM


@pytest.mark.job
@pytest.mark.slow
def test_the_demo_ends_with_all_accounts_in_agreement(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "standin.demo", "--events", "5000", "--keep", str(tmp_path / "demo")]
    environ = {**os.environ, "SPARK_SUBMIT_OPTS": QUICK_JVM}
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Everything agrees." in done.stdout
    assert "DISAGREES" not in done.stdout
    assert (tmp_path / "demo" / "output" / "runs" / "first" / "report.html").exists()


def test_a_folder_to_keep_that_is_there_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--keep", str(tmp_path)])
    assert left.value.code == 2
