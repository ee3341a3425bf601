"""A client's connection: bytes to requests, answers to bytes, late answers and resets.

It supports HTTP/1.1 with keep-alive and nothing more; a client that sends the next request before it has
the answer to the last may get the answers out of order when some are late. The endpoint decides the
answers.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import cast

import httptools

from standin.endpoint import Answer, Request
from standin.refusal import Refusal, too_large

MAX_BODY_BYTES = 1024 * 1024
"""Ten events of 10 KB, JSON-escaped at the worst, are far below it."""

Handle = Callable[[Request], Answer]


class Connection(asyncio.Protocol):
    """A connection that passes each complete request to `handle` and writes its answer `latency` seconds later.

    `clock` gives the time for the answers' `Date`, in Unix seconds.
    """

    def __init__(
        self,
        handle: Handle,
        refuse: Callable[[Refusal], Answer],
        connections: set[asyncio.Transport],
        latency: float,
        clock: Callable[[], float],
    ) -> None:
        self._handle = handle
        self._refuse = refuse
        self._connections = connections
        self._latency = latency
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, to close it with the server."""
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the transport; answers that were still due are dropped."""
        self._connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; what is not HTTP ends the connection, as a load balancer would."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            raise  # a bug of ours, not of the client: let asyncio report it
        except httptools.HttpParserError:
            self._transport.abort()

    def on_message_begin(self) -> None:
        """Start a request (httptools)."""
        self._target = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0

    def on_url(self, url: bytes) -> None:
        """Add a piece of the request target (httptools)."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header; names are compared in lower case (httptools)."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """Add a piece of the body, unless it is too large (httptools)."""
        self._size += len(body)
        if self._size <= MAX_BODY_BYTES:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """Judge the complete request and answer it (httptools)."""
        if self._size > MAX_BODY_BYTES:
            return self._reply(self._refuse(too_large()))
        method = self._parser.get_method().decode("latin-1")
        target = self._target.decode("latin-1")
        return self._reply(self._handle(Request(method, target, self._headers, b"".join(self._body))))

    def _reply(self, answer: Answer) -> None:
        delay = self._latency + answer.delay
        if delay:
            self._loop.call_later(delay, self._write, answer, self._parser.should_keep_alive())
        else:
            self._write(answer, self._parser.should_keep_alive())

    def _write(self, answer: Answer, keep_alive: bool) -> None:  # noqa: FBT001 - called by position from the loop
        if self._transport.is_closing():
            return
        if answer.reset:
            self._reset()
            return
        self._transport.write(_response(answer, int(self._clock()), keep_alive=keep_alive))
        if not keep_alive:
            self._transport.close()

    def _reset(self) -> None:
        # Closing with a linger time of zero sends RST instead of FIN.
        connection = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()


def _response(answer: Answer, second: int, *, keep_alive: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        f"Date: {_http_date(second)}",
        "Content-Type: application/json",
        f"Content-Length: {len(answer.body)}",
    ]
    if answer.code:
        lines.append(f"x-amzn-ErrorType: {answer.code}")
    if not keep_alive:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body


@lru_cache(maxsize=2)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)
