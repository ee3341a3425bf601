"""Great Expectations as the job imports it, in a process that has imported nothing yet."""

from __future__ import annotations

import subprocess
import sys

_IMPORT = """
import sys
from expectations.library import great_expectations
great_expectations()
print([name for name in sys.modules if name.startswith("pyspark.sql.connect")], "is used to the end")
"""


def test_its_import_leaves_the_client_of_spark_connect_alone() -> None:
    """Spark 4.3's ends a process that was started with `-c`, with exit code 0."""
    ended = subprocess.run(
        [sys.executable, "-c", _IMPORT], capture_output=True, text=True, timeout=120, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "[] is used to the end\n"), ended.stderr
