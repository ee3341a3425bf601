"""Takes `delivery` to the executors: the one room whose code runs there.

Executors import it from a zip that travels with the Spark context, wherever the job was started from. Their
third-party packages (pyarrow, boto3, awscrt) are the cluster's business.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
import zipfile
from pathlib import Path

from pyspark.sql import SparkSession

import delivery

_ROOM = Path(delivery.__path__[0])


def ship_code(spark: SparkSession) -> None:
    """Let every Python worker of `spark` import `delivery` as this process has it.

    Nothing to do where `delivery` lies in a zip: spark-submit's `--py-files` took it there already.
    """
    if _ROOM.is_dir():
        spark.sparkContext.addPyFile(str(_zipped(_ROOM)))


def _zipped(package: Path) -> Path:
    """A zip of the package's folder. Executors may fetch it at any time: it stays until this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="personalize-code-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    target = folder / f"{package.name}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(package.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                archive.write(file, file.relative_to(package.parent))
    return target
