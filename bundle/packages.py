"""Install what the job needs on a cluster, and build the job's own wheel, both with pip.

Versions are those of `constraints.txt`. The cluster provides Spark, so pyspark is left out.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

_CLUSTERS_OWN = "pyspark"
_PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


def requirements(project: Path) -> list[str]:
    """Return the job's dependencies from `pyproject.toml`, without those that the cluster provides."""
    declared: list[str] = tomllib.loads(project.read_text())["project"]["dependencies"]
    return [line for line in declared if re.split(r"[^\w-]", line, maxsplit=1)[0] != _CLUSTERS_OWN]


def install(root: Path, target: Path) -> None:
    """Install the dependencies and theirs into the folder `target`; wheels only, so that nothing is compiled here."""
    constraints = ("--constraint", str(root / "constraints.txt"))
    options = ("--only-binary", ":all:", "--no-compile", "--target", str(target))
    _run(*_PIP, "install", *options, *constraints, *requirements(root / "pyproject.toml"))


def build_wheel(root: Path, target: Path) -> Path:
    """Build the job's wheel into the folder `target` and return it."""
    _run(*_PIP, "wheel", "--no-deps", "--wheel-dir", str(target), str(root))
    (wheel,) = target.glob("*.whl")
    return wheel


def _run(*command: str) -> None:
    if subprocess.run(command, check=False).returncode:
        raise SystemExit("pip failed: its own message is above. Correct what it names and run this again.")
