"""A loopback server that answers every POST with 200 after a delay: as little work as HTTP allows.

It checks nothing, so that a client's cost can be measured without a server's. It ends when its standard
input closes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httptools
import uvloop

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class _Connection(asyncio.Protocol):
    """A keep-alive connection."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream server hands out transports

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        asyncio.get_running_loop().call_later(self._delay, self._answer)

    def _answer(self) -> None:
        if self._transport is not None:
            self._transport.write(_OK)


@contextlib.contextmanager
def answering(delay: float, certificate: Path | None = None) -> Iterator[str]:
    """Run the server in a process of its own and yield its URL; with a certificate that is https."""
    command = [sys.executable, "-m", "benchmarks.answering_server", f"--delay={delay}"]
    command += [] if certificate is None else [f"--certificate={certificate}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own module
        assert process.stdout is not None  # noqa: S101 - it was asked for
        assert process.stdin is not None  # noqa: S101
        scheme = "http" if certificate is None else "https"
        try:
            yield f"{scheme}://localhost:{process.stdout.readline().strip()}"
        finally:
            process.stdin.close()


async def serve(delay: float, certificate: str | None) -> None:
    """Listen on a free loopback port, print it, and answer until standard input closes."""
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(delay), "127.0.0.1", 0, ssl=context, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.03, help="seconds")
    parser.add_argument("--certificate", help="PEM file with key and chain; without it, plain HTTP")
    arguments = parser.parse_args()
    uvloop.run(serve(arguments.delay, arguments.certificate))


if __name__ == "__main__":
    main()
