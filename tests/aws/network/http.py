"""HTTP for the services of a test's AWS: requests as they arrived, byte for byte, and a server for them.

Bodies are read whole; chunked transfer encoding is undone. What AWS lays on top of it is not known here.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from typing import Any
from urllib.parse import unquote

IDLE_SECONDS = 120.0
"""How long a kept connection may say nothing."""


@dataclass(frozen=True)
class Request:
    """One request; header names in lower case, values of a name that came twice joined by a comma."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def host(self) -> str:
        """The host's name in lower case, without a port."""
        return self.headers.get("host", "").partition(":")[0].lower()

    @property
    def path(self) -> str:
        """The path as it came, percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The query's values by name, decoded; '' for a name alone."""
        pairs = [part.partition("=") for part in self.target.partition("?")[2].split("&") if part]
        return {unquote(name.replace("+", " ")): unquote(value.replace("+", " ")) for name, _, value in pairs}


@dataclass
class Response:
    """One answer; `Content-Length` and `Date` are added, but for a length that is there (HEAD).

    `breaks_off`: the connection is closed after so many bytes of it, headers included.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    breaks_off: int | None = None


Handle = Callable[[Request], Response]


class Server:
    """Answers `handle`'s responses on one address, a thread for each connection; `failures` are its own errors."""

    def __init__(
        self, handle: Handle, address: str, port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        self.handle = handle
        self._server = _Server((address, port), handle, tls)
        self.failures = self._server.failures
        self.address, self.port = self._server.server_address[:2]

    def start(self) -> None:
        """Serve, in a thread of its own."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Take no further connection."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    block_on_close = False

    def __init__(self, address: tuple[str, int], handle: Handle, tls: ssl.SSLContext | None) -> None:
        self.handle = handle
        self.failures: list[Exception] = []
        self._tls = tls
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # The base class asks DNS for its own name, which is not needed here.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def get_request(self) -> tuple[socket, Any]:
        connection, peer = super().get_request()
        if self._tls is None:
            return connection, peer
        # The handshake waits for the connection's own thread.
        return self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), peer

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """A client that went away, or does not trust the certificate, is no error of the server."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    server: _Server

    def do_any(self) -> None:
        request = self._request()
        try:
            response = self.server.handle(request)
        except Exception as error:  # noqa: BLE001 - the world raises it when it ends
            self.server.failures.append(error)
            response = Response(500)
        self.wfile.write(_bytes(request, response)[: response.breaks_off])
        self.close_connection = self.close_connection or response.breaks_off is not None

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_any  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing: the world keeps a log of its own."""

    def _request(self) -> Request:
        headers: dict[str, str] = {}
        for raw_name, value in self.headers.raw_items():
            name = raw_name.lower()
            headers[name] = f"{headers[name]},{value.strip()}" if name in headers else value.strip()
        chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        body = self._chunks() if chunked else self.rfile.read(int(headers.get("content-length", 0)))
        return Request(self.command, self.path, headers, body)

    def _chunks(self) -> bytes:
        body = bytearray()
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return bytes(body)


def _bytes(request: Request, response: Response) -> bytes:
    named = {name.lower() for name in response.headers}
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if "date" not in named:
        lines.append(f"Date: {formatdate(usegmt=True)}")
    if "content-length" not in named and response.status not in {204, 304}:
        lines.append(f"Content-Length: {len(response.body)}")
    body = b"" if request.method == "HEAD" else response.body
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
