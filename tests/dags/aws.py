"""EMR Serverless and S3 on loopback, as far as one task asks: an application, a job run and its states, a summary.

The answers have the shape of botocore's models, which read them; nothing is signed or judged here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

_JOB_RUN = {
    "applicationId": "00example",
    "jobRunId": "job-1",
    "arn": "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00example/jobruns/job-1",
    "createdBy": "a role",
    "createdAt": 1_760_000_000,
    "updatedAt": 1_760_000_000,
    "executionRole": "a role",
    "releaseLabel": "emr-spark-8.0.0",
    "jobDriver": {"sparkSubmit": {"entryPoint": "s3://bucket/put_events.py"}},
}
_NOTHING_LISTED = (
    b"<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>"
)

Ending = tuple[str, str, dict[str, dict[str, Any]]]
"""How a job run ends: its state, the state's details, and the summaries that it leaves on S3, by path."""


@dataclass
class Aws:
    """What is there, and what was asked: `endings` are those of the job runs to come, `started` their requests."""

    endings: list[Ending] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    started: list[dict[str, Any]] = field(default_factory=list)
    states: list[tuple[str, str]] = field(default_factory=list)
    cancelled: int = 0
    broken_looks: int = 0
    """How many looks at a job run are still to be refused."""

    def clear(self) -> None:
        """Be as new."""
        self.__dict__.update(Aws().__dict__)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body for a request."""
        if method == "GET" and "/jobruns/" in path and self.broken_looks:
            self.broken_looks -= 1
            return 403, b'{"message": "no"}'
        if path.startswith("/applications/"):
            return 200, json.dumps(self._emr(method, path, body)).encode()
        if path in self.objects:
            return 200, self.objects[path]
        # A bucket's own path is asked for a listing, any other for an object that is not there.
        return (200, _NOTHING_LISTED) if path.count("/") == 1 or path.endswith("/") else (404, b"")

    def _emr(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        if method == "DELETE":
            self.cancelled += 1
            return {key: _JOB_RUN[key] for key in ("applicationId", "jobRunId")}
        if method == "POST":
            self._start(json.loads(body))
            return {key: _JOB_RUN[key] for key in ("applicationId", "jobRunId", "arn")}
        if "/jobruns/" in path:
            # It runs when it is first looked at, and has ended when it is looked at again.
            state, details = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            return {"jobRun": {**_JOB_RUN, "state": state, "stateDetails": details}}
        return {"application": {"applicationId": "00example", "state": "STARTED"}}

    def _start(self, request: dict[str, Any]) -> None:
        self.started.append(request)
        state, details, left = self.endings.pop(0)
        self.states = [("RUNNING", ""), (state, details)]
        for path, summary in left.items():
            began = {"started_at": datetime.now(UTC).isoformat()}
            self.objects[path] = json.dumps({**began, **summary}).encode()


@contextmanager
def loopback(aws: Aws) -> Iterator[str]:
    """Serve `aws` at the URL until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, content = aws.answer(self.command, urlsplit(self.path).path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Last-Modified", "Fri, 28 Feb 2025 00:00:00 GMT")
            self.send_header("ETag", '"etag"')
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_HEAD = do_DELETE = _serve  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
