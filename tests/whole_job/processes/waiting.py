"""What every test with a job's process needs: one that is gone with its block, and waiting for what it brings about.

A wait ends when its condition holds, and fails by the name of what did not come; no test waits for a time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.whole_job.harness import Job

PATIENCE_SECONDS = 240.0
"""The longest wait for anything: a start takes ten seconds on a quick machine, a minute on a slow and busy one."""


@contextmanager
def in_own_group(
    command: Sequence[str | Path], cwd: Path, environ: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """`command` in a process group of its own, all of which is killed when the block ends."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for(
    condition: Callable[[], object],
    what: str,
    process: subprocess.Popen[str] | None = None,
    patience: float = PATIENCE_SECONDS,
) -> None:
    """Wait until `condition` holds; an AssertionError that names `what` if it does not, or if `process` ends before."""
    until = time.monotonic() + patience
    while not condition():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < until, f"not within {patience:.0f} s: {what}"
        time.sleep(0.05)


def wait_until_it_sends(job: Job, process: subprocess.Popen[str] | None = None) -> None:
    """Wait until the ledger holds the first accepted events."""
    wait_for(lambda: any((job.output / "ledger").rglob("part-*.parquet")), "the job sends", process)
