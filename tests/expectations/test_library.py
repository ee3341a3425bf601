"""Great Expectations as the job imports it, in a process that has imported nothing yet."""

from __future__ import annotations

import subprocess
import sys

_IMPORT = """
import gc
import sys
from expectations.library import great_expectations
great_expectations()
print([name for name in sys.modules if name.startswith(("pyspark.sql.connect", "sqlalchemy"))], "is used to the end")
frozen = gc.get_freeze_count()
great_expectations()
print(frozen > 20_000 > len(gc.get_objects()), gc.get_freeze_count() == frozen)
"""


def test_its_import_leaves_what_no_job_uses_alone_and_is_no_garbage() -> None:
    """Spark 4.3's Connect ends a process that was started with `-c`, with exit code 0."""
    ended = subprocess.run(
        [sys.executable, "-c", _IMPORT], capture_output=True, text=True, timeout=120, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "[] is used to the end\nTrue True\n"), ended.stderr


_FIRST_USE = """
import sys
from expectations.library import great_expectations
great_expectations()
loaded = "scipy.stats._stats_py" in sys.modules, "altair.vegalite" in sys.modules
from scipy import stats
print(loaded, stats.norm.cdf(0.0), "scipy.stats._stats_py" in sys.modules)
"""


def test_what_few_expectations_need_is_loaded_when_it_is_used() -> None:
    """Statistics and drawing are 30 % of the import, which every run waits for."""
    ended = subprocess.run(
        [sys.executable, "-c", _FIRST_USE], capture_output=True, text=True, timeout=120, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "(False, False) 0.5 True\n"), ended.stderr
