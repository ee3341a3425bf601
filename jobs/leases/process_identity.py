"""The identity of a process, unique over machines and containers, and whether a process still runs here.

Knows Linux's `/proc` only (proc(5): `boot_id`, the PID namespace, the start time in `stat`); elsewhere the
answer is unknown.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_BOOT_ID = "sys/kernel/random/boot_id"
# Fields 3 and 22 of /proc/<pid>/stat, counted after the name's closing parenthesis (proc_pid_stat(5)).
_STATE, _STARTED = 0, 19
_DEAD = ("Z", "X")


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process: `machine` is one boot of one kernel and a PID namespace on it.

    `started` is in clock ticks since that boot. The namespace counts, since process 1 of one container is
    not process 1 of its neighbour.
    """

    machine: str
    pid: int
    started: int


def this_process(proc: Path = _PROC) -> ProcessIdentity | None:
    """Return this process's identity; None if the system does not provide it."""
    machine, stat = _machine(proc), _stat(os.getpid(), proc)
    return ProcessIdentity(machine, os.getpid(), stat[1]) if machine and stat else None


def is_running(other: ProcessIdentity, proc: Path = _PROC) -> bool | None:
    """Return whether `other` runs; None if that can't be known from here. A zombie does not run."""
    if other.machine != _machine(proc):
        return None
    try:
        os.kill(other.pid, 0)  # signal 0 only asks; see kill(2)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's, but it exists
    stat = _stat(other.pid, proc)
    return None if stat is None else stat[1] == other.started and stat[0] not in _DEAD


def _machine(proc: Path) -> str | None:
    try:
        return f"{(proc / _BOOT_ID).read_text().strip()} {(proc / 'self/ns/pid').readlink()}"
    except OSError:
        return None


def _stat(pid: int, proc: Path) -> tuple[str, int] | None:
    try:
        # The name is in parentheses and may itself contain parentheses and spaces.
        fields = (proc / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        return fields[_STATE], int(fields[_STARTED])
    except (OSError, IndexError, ValueError):
        return None
