"""Seconds, CPU and peak memory of a job's processes, by kind: the driver's Python, its JVM, the workers."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

import psutil

DRIVER, JVM, WORKERS = "driver", "JVM", "workers"
KINDS = (DRIVER, JVM, WORKERS)
_SECONDS = 0.2
Result = TypeVar("Result")


class Usage:
    """Watches the process `pid` and all below it while it is a context; memory is the sum of a kind's processes.

    `cpu` is in seconds, `peak` in bytes, both by kind. What a process used after it was last sampled, up to 0.2
    seconds, is missing.
    """

    def __init__(self, pid: int | None = None) -> None:
        self._root = psutil.Process(pid)
        self._kinds: dict[psutil.Process, str] = {}
        self._seconds: dict[psutil.Process, float] = {}
        self._before: dict[psutil.Process, float] = {}
        self.peak: dict[str, int] = defaultdict(int)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def cpu(self) -> dict[str, float]:
        """The CPU seconds since the beginning, by kind."""
        used: dict[str, float] = dict.fromkeys(KINDS, 0.0)
        for process, seconds in self._seconds.items():
            used[self._kinds[process]] += seconds - self._before.get(process, 0.0)
        return used

    def __enter__(self) -> Self:
        self._look()
        self._before = dict(self._seconds)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._over.wait(_SECONDS):
            self._look()

    def _look(self) -> None:
        memory: dict[str, int] = defaultdict(int)
        with suppress(psutil.NoSuchProcess):
            for process in (self._root, *self._root.children(recursive=True)):
                self._look_at(process, memory)
        for kind, size in memory.items():
            self.peak[kind] = max(self.peak[kind], size)

    def _look_at(self, process: psutil.Process, memory: dict[str, int]) -> None:
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            # Each time: Spark's launcher is a shell before it becomes the JVM, in the same process.
            self._kinds[process] = self._kind(process)
            times = process.cpu_times()
            self._seconds[process] = times.user + times.system
            memory[self._kinds[process]] += process.memory_info().rss

    def _kind(self, process: psutil.Process) -> str:
        if process == self._root:
            return DRIVER
        return JVM if process.name() == "java" else WORKERS


@dataclass(frozen=True, slots=True)
class Timed:
    """A step of this process: its seconds, and by kind of process its CPU seconds and its peak memory in bytes."""

    seconds: float
    cpu_by_kind: Mapping[str, float]
    peak: Mapping[str, int]

    @property
    def cpu(self) -> float:
        """Return the CPU seconds of all processes: on a machine that does other work they say more than the clock."""
        return sum(self.cpu_by_kind.values())

    def __str__(self) -> str:
        return f"{self.seconds:6.1f} s ({self.cpu:6.1f} CPU, JVM {self.peak[JVM] / 1e9:.2f} GB)"


def timed(work: Callable[[], Result]) -> tuple[Timed, Result]:
    """Do `work` and measure it."""
    began = time.perf_counter()
    with Usage() as usage:
        result = work()
    return Timed(time.perf_counter() - began, usage.cpu, usage.peak), result
