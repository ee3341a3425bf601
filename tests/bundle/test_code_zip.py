"""The shipped packages run from a zip, as `--py-files` has them: no file is next to a module there."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bundle.__main__ import PACKAGES
from tests.jobs.report.examples import summary

ROOT = Path(__file__).resolve().parents[2]
ENTRY_POINTS = {"jobs/put_events.py"}
"""It puts the project's root on Python's path where it is started by path: never from a zip."""

READ_ALL = """
import sys, importlib, pkgutil
archive, *names = sys.argv[1:]
for name in names:
    package = importlib.import_module(name)
    assert package.__path__[0].startswith(archive), package.__path__
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        importlib.import_module(module.name)

from pathlib import Path
from expectations.library import great_expectations
from expectations.service import service_suite
from jobs.init import first_configuration
from jobs.spark.local import local_jvm
from jobs.report import page
assert service_suite().expectations
page.load_templates()
assert first_configuration._template()
assert "status" in local_jvm._log_settings().read_text()
"""

DRAW_WITHOUT_CODE = """
import sys
from pathlib import Path
import jobs.put_events
from jobs.account.summary import Summary
from jobs.report.page import load_templates, render_report
load_templates()
Path(sys.argv[1]).unlink()
assert "<svg" in render_report(Summary.model_validate_json(Path("summary.json").read_bytes()), ())
"""


def test_no_shipped_module_looks_for_a_file_next_to_itself() -> None:
    found = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if any(
            isinstance(node, ast.Name) and node.id == "__file__"
            for node in ast.walk(ast.parse(path.read_text()))
        )
    }
    assert found <= ENTRY_POINTS


def test_every_module_and_all_package_data_can_be_read_from_a_zip(code: Path) -> None:
    run_from(code, READ_ALL, *PACKAGES)


def test_a_report_is_drawn_after_the_code_was_deleted(code: Path) -> None:
    """YARN deletes a killed container's files while the run in it closes."""
    (code.parent / "summary.json").write_bytes(summary().to_bytes())
    run_from(code, DRAW_WITHOUT_CODE)


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """The shipped packages in one zip."""
    archive = tmp_path / "code.zip"
    with zipfile.ZipFile(archive, "w") as written:
        for package in PACKAGES:
            for file in (ROOT / package).rglob("*"):
                if file.is_file() and "__pycache__" not in file.parts:
                    written.write(file, file.relative_to(ROOT))
    return archive


def run_from(archive: Path, program: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program, str(archive), *arguments],
        cwd=archive.parent,
        env={"PYTHONPATH": str(archive), "PATH": "/usr/bin:/bin", "HOME": str(archive.parent)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
