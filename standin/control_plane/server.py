"""The control plane on loopback: AWS's JSON protocols over HTTP, signatures checked."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from standin.control_plane.service import ControlPlane
from standin.keys import Credentials, single_key
from standin.refusal import Refusal, unknown_operation
from standin.settings import EXAMPLE_CREDENTIALS
from standin.signature import Verifier

SIGNING_NAMES = {"AmazonPersonalize": "personalize", "GraniteServiceVersion20100801": "monitoring"}
"""By the prefix of X-Amz-Target (botocore's models, `targetPrefix` and `endpointPrefix`)."""


class ControlPlaneServer:
    """`with ControlPlaneServer(plane) as server:` serves `plane` at `server.url` until the block ends."""

    def __init__(self, plane: ControlPlane, credentials: Credentials = EXAMPLE_CREDENTIALS) -> None:
        self._plane = plane
        self._verifiers = {
            prefix: Verifier(single_key(credentials), plane.region, service=name)
            for prefix, name in SIGNING_NAMES.items()
        }
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Listen on a free port of loopback."""
        answer = self._answer

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, content = answer(self.path, headers, body)
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Write no log."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables by which an AWS client finds it."""
        return {"AWS_ENDPOINT_URL_PERSONALIZE": self.url, "AWS_ENDPOINT_URL_CLOUDWATCH": self.url}

    def _answer(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        prefix, _, operation = headers.get("x-amz-target", "").partition(".")
        with self._lock:
            try:
                if prefix not in self._verifiers:
                    raise unknown_operation()
                self._verifiers[prefix].verify("POST", path, headers, body, self._plane.clock())
                return 200, _json(self._plane.answer(operation, json.loads(body)))
            except Refusal as refused:
                return refused.status, _json({"__type": refused.code, "message": refused.message})


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, default=_timestamp).encode()


def _timestamp(value: object) -> float:
    """Return Unix seconds, the form of times in AWS's JSON protocols (Smithy, "timestampFormat")."""
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(type(value).__name__)
