"""A company's proxy: proxy.py, in a process and a namespace of its own, which notes every tunnel."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from proxy.http.parser import HttpParser
from proxy.http.proxy import HttpProxyBasePlugin

from tests.aws.network.namespace import entered

_NOTES = "PROXY_NOTES"
_START_SECONDS = 30.0


class NoteTunnels(HttpProxyBasePlugin):  # type: ignore[misc]
    """proxy.py's plugin: writes the host and port of each request that got through, a line each."""

    def before_upstream_connection(self, request: HttpParser) -> HttpParser | None:
        with Path(os.environ[_NOTES]).open("a", encoding="utf-8") as file:
            file.write(f"{request.method.decode()} {request.host.decode()}:{request.port}\n")
        return request


class Proxy:
    """A running proxy at `address`; with `login` ("user:password") it refuses any other client."""

    def __init__(self, folder: Path, script: Path, address: str, login: str | None = None) -> None:
        folder.mkdir(parents=True)
        self._notes, port_file = folder / "tunnels", folder / "port"
        self._notes.touch()
        options: Sequence[str] = ["--basic-auth", login] if login else []
        command = [sys.executable, "-m", "proxy", "--hostname", address, "--port", "0", *options]
        command += ["--port-file", str(port_file), "--plugins", f"{__name__}.NoteTunnels"]
        command += ["--num-workers", "1", "--num-acceptors", "1", "--data-dir", str(folder)]
        self._log = (folder / "log").open("w")
        environ = {"PATH": os.environ["PATH"], "HOME": str(folder), _NOTES: str(self._notes)}
        environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[3])
        self._process = subprocess.Popen(
            entered(script, command), env=environ, stdout=self._log, stderr=self._log, start_new_session=True
        )
        port = self._read_port(port_file)
        self.url = f"http://{address}:{port}"
        self.url_with_login = f"http://{login}@{address}:{port}" if login else self.url

    @property
    def tunnels(self) -> Counter[str]:
        """How often a tunnel was opened to each `host:port`."""
        lines = [line.split() for line in self._notes.read_text().splitlines()]
        return Counter(where for method, where in lines if method == "CONNECT")

    @property
    def plain(self) -> Counter[str]:
        """How often it was asked for anything without a tunnel, by `host:port`."""
        lines = [line.split() for line in self._notes.read_text().splitlines()]
        return Counter(where for method, where in lines if method != "CONNECT")

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _read_port(self, file: Path) -> int:
        until = time.monotonic() + _START_SECONDS
        while not (file.is_file() and file.read_text().strip()):
            assert self._process.poll() is None, Path(self._log.name).read_text()
            assert time.monotonic() < until, "the proxy did not start"
            time.sleep(0.02)
        return int(file.read_text())
