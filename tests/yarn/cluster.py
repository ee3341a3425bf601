"""A real YARN on this machine: a ResourceManager and NodeManagers, each a JVM of its own, without HDFS.

It starts them, adds and loses machines, and answers what YARN knows of an application. It submits nothing and judges
nothing. Its file system is the local one; S3 is the server that it is given.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from xml.sax.saxutils import escape

import psutil

from jobs.spark.local.java import ensure_java
from tests.jobs.spark.quick_jvm import QUICK_JVM
from tests.whole_job.processes.waiting import wait_for

LOOPBACK = "127.0.0.1"
_YARN = "org.apache.hadoop.yarn"
_DAEMON_JVM = (*QUICK_JVM.split(), "-Xmx256m", "--add-opens=java.base/java.lang=ALL-UNNAMED")
_NODE_MEMORY_MB = 3072
"""For the master with the job's driver, and one executor: a second one needs a second machine."""
_FILE_SYSTEM = {"fs.defaultFS": "file:///"}
_SCHEDULER = {
    "yarn.scheduler.capacity.root.queues": "default",
    "yarn.scheduler.capacity.root.default.capacity": "100",
    # By default a tenth of the cluster is for masters: none of ours would ever start here.
    "yarn.scheduler.capacity.maximum-am-resource-percent": "1",
}


@dataclass(frozen=True)
class Sites:
    """What is added to Hadoop's site files: to everyone's `yarn-site`, and to the `core-site` of each side."""

    yarn: Mapping[str, str]
    clients: Mapping[str, str]
    daemons: Mapping[str, str]


class YarnCluster:
    """`with YarnCluster(…) as yarn:` runs until the block ends; `conf` is the folder that clients are pointed to.

    `environ` is what every container finds in its environment, as on a machine with a role: YARN's whitelist lets it
    through by name.
    """

    def __init__(
        self,
        folder: Path,
        jars: Sequence[str],
        environ: Mapping[str, str],
        sites: Sites,
    ) -> None:
        self.folder, self.conf = folder, folder / "conf"
        self._classpath = ":".join([str(self.conf), *jars])
        self.environ = {**environ, "SPARK_LOCAL_IP": LOOPBACK}
        self._sites = sites
        self._manager: Daemon
        self._nodes: list[Daemon] = []

    def __enter__(self) -> Self:
        self.conf.mkdir(parents=True)
        self._ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
        _write_site(self.conf / "core-site.xml", {**_FILE_SYSTEM, **self._sites.clients})
        _write_site(self.conf / "capacity-scheduler.xml", _SCHEDULER)
        _write_site(self.conf / "yarn-site.xml", {**self._manager_settings(), **self._sites.yarn})
        self._manager = self._start("resourcemanager.ResourceManager", self.folder / "manager")
        try:
            self.add_node()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def nodes(self) -> list[Daemon]:
        """The NodeManagers that have not been lost, oldest first."""
        return [node for node in self._nodes if node.lives()]

    def add_node(self) -> Daemon:
        """Start one more NodeManager, and wait until the ResourceManager counts on it."""
        active = self._active_nodes()
        folder = self.folder / f"node-{len(self._nodes)}"
        node = self._start("nodemanager.NodeManager", folder)
        self._nodes.append(node)
        wait_for(lambda: self._active_nodes() > active, "the new NodeManager is active")
        return node

    def lose(self, node: Daemon) -> None:
        """End a machine: the NodeManager and all that runs below it, without a word to anybody."""
        node.kill()

    def report(self, application: str) -> dict[str, str]:
        """What `yarn application -status ID` says: `State`, `Final-State`, `Diagnostics` and more.

        YARN's REST service says nothing of it here: its shaded jars lack what writes nested objects as JSON.
        """
        parts = re.split(r"^\t([A-Z][\w /-]*?) : ", self.run_cli("-status", application), flags=re.MULTILINE)
        return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}

    def containers(self, application: str) -> list[psutil.Process]:
        """The processes of an application's containers, on every machine."""
        return [process for node in self._nodes for process in node.below(application)]

    def log_files(self, application: str) -> list[Path]:
        """All that the application's containers left in their log folders, on every machine."""
        return sorted(
            file
            for file in self.folder.glob(f"node-*/logs/{application}/container_*/*")
            if file.is_file() and not file.name.endswith(".crc")
        )

    def run_cli(self, *arguments: str) -> str:
        """Run YARN's own command, as `yarn application -kill ID` does, and return what it prints."""
        command = ("-cp", self._classpath, f"{_YARN}.client.cli.ApplicationCLI", "application", *arguments)
        done = subprocess.run(
            [self._java(), *_DAEMON_JVM, *command], capture_output=True, text=True, timeout=240, check=True
        )
        return done.stdout

    def _manager_settings(self) -> dict[str, str]:
        """Addresses, and what fits a small machine; YARN's own defaults where this says nothing."""
        addresses = {
            f"yarn.resourcemanager.{name}address": f"{LOOPBACK}:{port}" for name, port in self._ports.items()
        }
        return {
            **addresses,
            "yarn.nodemanager.resource.memory-mb": str(_NODE_MEMORY_MB),
            # Amazon EMR turns this off as well: a JVM reserves far more than it uses.
            "yarn.nodemanager.vmem-check-enabled": "false",
            # Of one machine, ten times as often as by default: containers are given out and missed with these.
            "yarn.resourcemanager.nodemanagers.heartbeat-interval-ms": "100",
            "yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage": "100",
            # A lost machine is missed after 10 minutes by default.
            "yarn.nm.liveness-monitor.expiry-interval-ms": "10000",
            "yarn.nodemanager.env-whitelist": ",".join(["JAVA_HOME", *self.environ]),
        }

    def _start(self, main_class: str, folder: Path) -> Daemon:
        folder.mkdir()
        place = {
            "yarn.nodemanager.local-dirs": folder / "local",
            "yarn.nodemanager.log-dirs": folder / "logs",
            "hadoop.tmp.dir": folder / "tmp",
        }
        # In front of the class path, so that each daemon has folders and ports of its own.
        site = folder / "conf"
        site.mkdir()
        _write_site(site / "core-site.xml", {**_FILE_SYSTEM, **self._sites.daemons})
        own = {name: str(path) for name, path in place.items()}
        own |= {f"yarn.nodemanager.{part}address": f"{LOOPBACK}:0" for part in ("", "localizer.", "webapp.")}
        _write_site(site / "yarn-site.xml", {**self._manager_settings(), **self._sites.yarn, **own})
        command = [
            self._java(),
            *_DAEMON_JVM,
            "-cp",
            f"{site}:{self._classpath}",
            f"{_YARN}.server.{main_class}",
        ]
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return Daemon(folder, command, {**kept, **ensure_java(os.environ), **self.environ})

    def _java(self) -> str:
        return str(Path(ensure_java(os.environ)["JAVA_HOME"], "bin", "java"))

    def _active_nodes(self) -> int:
        assert self._manager.lives(), self._manager.log.read_text()[-3000:]
        try:
            return int(self._get("metrics")["activeNodes"])
        except OSError:
            return 0

    def _get(self, path: str) -> dict[str, Any]:
        url = f"http://{LOOPBACK}:{self._ports['webapp.']}/ws/v1/cluster/{path}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            content: dict[str, Any] = json.load(answer)
        return content

    def _end(self) -> None:
        for daemon in [*self._nodes, self._manager]:
            daemon.kill()


class Daemon:
    """One of YARN's processes, with a folder for its log and all that it keeps."""

    def __init__(self, folder: Path, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self.folder, self.log = folder, folder / "daemon.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(command, env=dict(environ), cwd=folder, stdout=log, stderr=log)

    def lives(self) -> bool:
        return self._process.poll() is None

    def below(self, application: str) -> list[psutil.Process]:
        """The processes of the containers that it runs for an application."""
        return [each for each in self._below() if application in _place(each)]

    def has_master(self, application: str) -> bool:
        """Whether that application's first container was started here."""
        return any((self.folder / "logs" / application).glob("container_*_000001"))

    def kill(self) -> None:
        """End it and all its containers at once."""
        below = self._below()
        self._process.kill()
        self._process.wait()
        for process in below:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def _below(self) -> list[psutil.Process]:
        """By where they work: of a container that is to end, the shell ends first, and orphans the job."""
        folder = str(self.folder / "local")
        return [each for each in psutil.process_iter() if _place(each).startswith(f"{folder}/")]


_PORTS = ("", "scheduler.", "resource-tracker.", "admin.", "webapp.")


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nothing listens on now; all different."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in probes]


def _write_site(file: Path, settings: Mapping[str, str]) -> None:
    properties = "".join(
        f"<property><name>{escape(name)}</name><value>{escape(value)}</value></property>\n"
        for name, value in settings.items()
    )
    file.write_text(f"<configuration>\n{properties}</configuration>\n")


def _place(process: psutil.Process) -> str:
    try:
        return process.cwd()
    except psutil.Error:
        return ""
