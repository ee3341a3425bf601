"""`python -m bundle [FOLDER]`: build `dist/`, or the given folder, from scratch and print its contents."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from bundle.archive import unpack, write_environment
from bundle.interpreter import this_interpreter
from bundle.packages import build_wheel, install
from bundle.pruning import KEPT_SERVICES

_ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("jobs", "sources", "core", "transforms", "expectations", "delivery", "bulk")
_IMPORTS = (
    "awscrt.http, boto3, great_expectations, jinja2, matplotlib.backends.backend_svg, pandas, pyarrow.parquet, "
    "pyarrow.dataset, pydantic, rich.live, yaml, ssl, sqlite3, ctypes"
)
_CLIENTS = f"[boto3.client(name, region_name='eu-west-1') for name in {sorted(KEPT_SERVICES)}]"


def build(dist: Path) -> None:
    """Build into `dist`, replacing its content."""
    shutil.rmtree(dist, ignore_errors=True)
    dist.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        _code(Path(scratch), dist)
        _environment(Path(scratch), dist / "environment.tar.gz")
    shutil.copy(_ROOT / "jobs" / "put_events.py", dist)
    shutil.copytree(_ROOT / "conf", dist / "conf")
    for path in sorted(dist.iterdir()):
        print(f"{_megabytes(path):7.1f} MB  {path.name}")


def _code(scratch: Path, dist: Path) -> None:
    """Build the wheel, and the same code as the zip that `--py-files` takes."""
    # Built from a copy: setuptools would reuse what an earlier build left in build/lib.
    source = scratch / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(_ROOT / name, source)
    for package in PACKAGES:
        shutil.copytree(_ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    wheel = build_wheel(source, dist)
    with (
        zipfile.ZipFile(wheel) as built,
        zipfile.ZipFile(dist / "code.zip", "w", zipfile.ZIP_DEFLATED) as code,
    ):
        for entry in built.infolist():
            if entry.filename.startswith(tuple(f"{package}/" for package in PACKAGES)):
                code.writestr(entry, built.read(entry))


def _environment(scratch: Path, target: Path) -> None:
    packages = scratch / "packages"
    install(_ROOT, packages)
    write_environment(target, packages, this_interpreter())
    unpack(target, scratch / "unpacked")
    _try(scratch / "unpacked" / "bin" / "python")


def _try(python: Path) -> None:
    """Start the archive's Python with an empty environment: every package must import, every client open."""
    ended = subprocess.run([python, "-c", f"import {_IMPORTS}; {_CLIENTS}"], env={}, check=False)
    if ended.returncode:
        raise SystemExit("the archive lacks something that the job imports: see the trace above.")


def _megabytes(path: Path) -> float:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else _ROOT / "dist")
