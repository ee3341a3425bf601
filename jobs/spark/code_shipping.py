"""Ship packages to the executors: `delivery` and `core` to send, `sources` if they read footers by the thousand.

Executors import them from zips that travel with the Spark context, for any way of starting the job. Their
third-party packages (pyarrow, boto3, awscrt) must be on the cluster.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
import zipfile
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from pyspark import SparkContext


def ship_code(context: SparkContext, *packages: ModuleType) -> None:
    """Let every Python worker of `context` import `packages` as this process has them.

    Nothing to do if they are in a zip: spark-submit's `--py-files` has shipped it already.
    """
    for package in packages:
        folder = Path(package.__path__[0])
        if folder.is_dir():
            context.addPyFile(str(_zipped(folder)))


@lru_cache
def _zipped(package: Path) -> Path:
    """Zip the package's folder, once: a driver serves a name from one path only (`NettyStreamManager.addFile`).

    Executors may fetch it at any time: it stays until this process ends.
    """
    folder = Path(tempfile.mkdtemp(prefix="personalize-code-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    target = folder / f"{package.name}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(package.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                archive.write(file, file.relative_to(package.parent))
    return target
