"""A process is distinguished from every other one, also from one that got its number later."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.leases.process_identity import ProcessIdentity, is_running, this_process

pytestmark = pytest.mark.skipif(not Path("/proc/self/ns/pid").exists(), reason="Linux's /proc only")
_WAIT = "from jobs.leases.process_identity import *; print(this_process(), flush=True); input()"


def ourselves() -> ProcessIdentity:
    found = this_process()
    assert found is not None
    return found


def test_this_process_runs() -> None:
    assert is_running(ourselves()) is True
    assert ourselves().pid == os.getpid()


def test_a_process_that_was_killed_runs_no_more_not_even_as_a_zombie() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _WAIT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        line = child.stdout.readline().decode()
        other = replace(ourselves(), pid=child.pid, started=int(line.rpartition("started=")[2].rstrip(")\n")))
        assert is_running(other) is True
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and not yet reaped
        assert is_running(other) is False
    assert is_running(other) is False


def test_a_number_that_another_process_has_by_now_is_not_the_one_meant() -> None:
    assert is_running(replace(ourselves(), started=ourselves().started - 1)) is False


def test_of_another_machine_nothing_is_known() -> None:
    assert is_running(replace(ourselves(), machine="another boot")) is None


def test_someone_elses_process_counts_as_running() -> None:
    if os.getuid() == 0:
        pytest.skip("root may signal everyone")
    stat = Path("/proc/1/stat").read_text().rpartition(")")[2].split()
    assert is_running(ProcessIdentity(ourselves().machine, 1, int(stat[19]))) is True


def test_where_there_is_no_proc_nothing_is_known(tmp_path: Path) -> None:
    assert this_process(tmp_path) is None
    assert is_running(ourselves(), tmp_path) is None
