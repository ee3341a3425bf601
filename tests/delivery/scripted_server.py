"""A loopback HTTP server that answers as its script says, misbehaviour included, in a `with` block."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass
class Reply:
    """One HTTP answer; `behaviour` is "answer", "reset" or "hang" (without one), or "close" (after it)."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    behaviour: str = "answer"


def error(status: int, code: str, message: str) -> Reply:
    """An error in the service's format."""
    return Reply(status, {"x-amzn-ErrorType": code}, json.dumps({"message": message}).encode())


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: ScriptedServer

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, dict(self.headers.items()), body))
        reply = self.server.script(len(self.server.seen))
        getattr(self, reply.behaviour)(reply)

    def answer(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.content)))
        self.end_headers()
        self.wfile.write(reply.content)

    def close(self, reply: Reply) -> None:
        self.answer(reply)
        self.close_connection = True

    def reset(self, _: Reply) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def hang(self, _: Reply) -> None:
        self.connection.settimeout(20)
        if self.connection.recv(1) == b"":
            self.server.hung_up.set()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class ScriptedServer(ThreadingHTTPServer):
    """`script` gets the request's number, from 1, and gives the reply; `seen` holds (path, headers, body)."""

    daemon_threads = True

    def __init__(self, script: Callable[[int], Reply] = lambda _: Reply()) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = script
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.connections = 0
        self.hung_up = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()
