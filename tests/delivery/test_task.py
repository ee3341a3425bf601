"""A task travels to an executor light, and never shows the run's key."""

from __future__ import annotations

import pickle
import subprocess
import sys

from delivery.task import CoordinatorAddress, DeliveryTask

TASK = DeliveryTask(
    0, "s", "o", "r", "e", "t", None, None, 8, CoordinatorAddress("driver", 4000, b"the-key"), 1.0
)
UNPICKLED = """
import pickle, sys
task = pickle.loads(bytes.fromhex(sys.argv[1]))
sys.exit(", ".join({"pydantic", "pyspark", "boto3", "pyarrow"} & set(sys.modules)) or 0)
"""


def test_a_task_travels_to_an_executor_and_never_shows_the_runs_key() -> None:
    assert pickle.loads(pickle.dumps(TASK)) == TASK  # noqa: S301  (our own)
    assert "the-key" not in repr(TASK)


def test_unpickling_a_task_imports_no_library() -> None:
    command = [sys.executable, "-c", UNPICKLED, pickle.dumps(TASK).hex()]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stderr == ""


def test_what_a_partition_runs_on_imports_no_pydantic() -> None:
    asked = "import sys, delivery.partition; sys.exit('pydantic' in sys.modules or 'pyspark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
