"""A real Spark cluster on this machine: one master, two workers with one core each, all processes of their own.

It starts them from the installed PySpark, finds the processes that run on them and replaces what was killed. It
submits nothing and judges nothing.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from jobs.spark.local.hadoop import spark_home
from jobs.spark.local.java import ensure_java
from tests.jobs.spark.quick_jvm import QUICK_JVM
from tests.whole_job.processes.waiting import wait_for

WORKERS = 2
_LOOPBACK = "127.0.0.1"
_ADDRESSES = (r"Starting Spark master at (spark://\S+)", r"Bound MasterWebUI .* started at http://(\S+)")
"""As the master logs where its workers and spark-submit reach it, and its own page."""


class Cluster:
    """`with Cluster(folder) as cluster:` runs until the block ends; `url` is what spark-submit takes as master."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "daemons.log"
        self._master: subprocess.Popen[bytes] | None = None
        self._workers: list[subprocess.Popen[bytes]] = []
        self.url = self._ui_address = ""

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        # The master chooses its ports: two clusters that start at the same moment could choose the same ones for it.
        self._master = self._start("master.Master", "--host", _LOOPBACK, "--port", "0", "--webui-port", "0")
        try:
            wait_for(self._find_addresses, "the master says where it listens")
            self.heal()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def heal(self) -> None:
        """Start a worker for each that is gone, and wait until the master counts on all, and no job is left."""
        self._workers = [worker for worker in self._workers if worker.poll() is None]
        while len(self._workers) < WORKERS:
            self._workers.append(self._start_worker())
        wait_for(self._is_whole, "the cluster has its two workers, and nothing runs")

    def worker_daemons(self) -> list[psutil.Process]:
        """The workers themselves, those that live."""
        return [psutil.Process(worker.pid) for worker in self._workers if worker.poll() is None]

    def executors(self) -> list[psutil.Process]:
        """The executors' JVMs."""
        return [p for p in self._below_workers() if "CoarseGrainedExecutorBackend" in command_of(p)]

    def python_workers(self) -> list[psutil.Process]:
        """The Python processes that run the executors' tasks: what PySpark's daemons forked."""
        below = self._below_workers()
        return [p for p in below if "pyspark.daemon" in command_of(p) and "pyspark.daemon" in _parent(p)]

    def _below_workers(self) -> list[psutil.Process]:
        return [process for daemon in self.worker_daemons() for process in daemon.children(recursive=True)]

    def _find_addresses(self) -> bool:
        """Read the two addresses from the master's log, which names them once it listens."""
        log = self._log.read_text(encoding="utf-8")
        found = [re.search(pattern, log) for pattern in _ADDRESSES]
        self.url, self._ui_address = (match[1] if match else "" for match in found)
        return all(found)

    def _start_worker(self) -> subprocess.Popen[bytes]:
        ports = ("--host", _LOOPBACK, "--webui-port", "0")
        size = ("--cores", "1", "--memory", "1g", "--work-dir", str(self._folder / "work"))
        return self._start("worker.Worker", *ports, *size, self.url)

    def _start(self, main_class: str, *arguments: str) -> subprocess.Popen[bytes]:
        # spark-class replaces itself by the JVM, so that the pid is the daemon's own.
        command = [str(Path(spark_home(os.environ), "bin", "spark-class"))]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [*command, f"org.apache.spark.deploy.{main_class}", *arguments],
                env=_environment(os.environ),
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )

    def _is_whole(self) -> bool:
        state = self._state()
        alive = [worker for worker in state.get("workers", []) if worker["state"] == "ALIVE"]
        return len(alive) == WORKERS and not state["activeapps"] and not self.executors()

    def _state(self) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"http://{self._ui_address}/json/", timeout=5) as answer:
                state: dict[str, Any] = json.load(answer)
        except OSError:
            return {}
        return state

    def _end(self) -> None:
        below = self._below_workers()
        for daemon in [*self._workers, *([self._master] if self._master else [])]:
            daemon.kill()
            daemon.wait()
        for process in below:
            if process.is_running():
                process.kill()


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """This process's, without what concerns another Spark or AWS: executors have the keys that the job has."""
    kept = {k: v for k, v in environ.items() if not k.startswith(("SPARK", "PYSPARK", "AWS"))}
    ours = {"SPARK_LOCAL_IP": _LOOPBACK, "SPARK_DAEMON_MEMORY": "256m", "SPARK_DAEMON_JAVA_OPTS": QUICK_JVM}
    return {**kept, **ensure_java(environ), **ours}


def command_of(process: psutil.Process | None) -> str:
    """The command line of a process, empty if it has ended: a child may be gone by the time it is looked at."""
    try:
        return " ".join(process.cmdline()) if process else ""
    except psutil.Error:
        return ""


def _parent(process: psutil.Process) -> str:
    try:
        return command_of(process.parent())
    except psutil.Error:
        return ""
