"""How many signed ten-event requests per second the stand-in judges and records on one core.

`python benchmarks/standin_rate.py [--seconds S] [--connections N]` starts one stand-in over http and one
over https, each with its record on, and sends requests that were signed beforehand, so that the load costs
little compared with the judgment. It prints requests per second and per CPU-second of the stand-in. Bounded
in time; loopback only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import uvloop
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

sys.path.insert(0, str(Path(__file__).parent.parent))

from standin.process import REGION, StandinProcess

PREPARED = 500


def body(number: int) -> bytes:
    """Return a ten-event request of about 1.9 KB."""
    events = [
        {
            "eventId": f"{number:016x}{index:016x}",
            "eventType": "view",
            "sentAt": 1_700_000_000 + index,
            "itemId": f"item-{index:05d}",
            "properties": '{"discount":"10"}',
        }
        for index in range(10)
    ]
    session = {"trackingId": "benchmark", "userId": f"user-{number}", "sessionId": f"session-{number}"}
    return json.dumps({**session, "eventList": events}).encode()


def signed(url: str, number: int, credentials: Credentials) -> bytes:
    """Return the whole HTTP request as bytes."""
    request = AWSRequest("POST", f"{url}/events", {"Content-Type": "application/json"}, body(number))
    SigV4Auth(credentials, "personalize", REGION).add_auth(request)
    content = request.prepare()
    headers = {"Host": urlsplit(url).netloc, **content.headers}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(["POST /events HTTP/1.1", *lines, "", ""]).encode() + content.body


class Client(asyncio.Protocol):
    """A client that sends one request after another on one connection and counts the answers that are 200."""

    good = 0

    def __init__(self, requests: list[bytes], first: int) -> None:
        """Send `requests` in turn, beginning with number `first`."""
        self._requests = requests
        self._next = first

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        """Count the answer and send the next request."""
        Client.good += data.startswith(b"HTTP/1.1 200")
        self._send()

    def _send(self) -> None:
        self._transport.write(self._requests[self._next % len(self._requests)])
        self._next += 1


async def load(url: str, ca_file: str | None, requests: list[bytes], connections: int, seconds: float) -> int:
    """Keep `connections` requests in flight for `seconds`; return how many were answered with 200."""
    parts = urlsplit(url)
    tls = ssl.create_default_context(cafile=ca_file) if ca_file else None
    loop = asyncio.get_running_loop()
    Client.good = 0
    for number in range(connections):
        first = number * len(requests) // connections
        client = partial(Client, requests, first)
        await loop.create_connection(client, parts.hostname, parts.port, ssl=tls)
    await asyncio.sleep(seconds)
    return Client.good


def measure(*, tls: bool, seconds: float, connections: int) -> str:
    """Return one line of figures."""
    with (
        tempfile.TemporaryDirectory() as folder,
        StandinProcess(tls=tls, record=Path(folder), seconds=seconds + 30) as standin,
    ):
        keys = standin.credentials
        credentials = Credentials(keys.access_key, keys.secret_key)
        requests = [signed(standin.url, number, credentials) for number in range(PREPARED)]
        cpu_before = time.process_time()
        good = uvloop.run(load(standin.url, standin.ca_file, requests, connections, seconds))
        load_cpu = time.process_time() - cpu_before
        summary = standin.stop()
    rate, per_cpu = good / seconds, summary["requests_accepted"] / summary["cpu_seconds"]
    scheme = "https" if tls else "http"
    used = f"the load itself used {load_cpu:.1f} s"
    return f"{scheme}: {rate:,.0f} requests/s, {per_cpu:,.0f} per CPU-second ({used})"


def main() -> None:
    """Measure http and https."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    for tls in (False, True):
        print(measure(tls=tls, seconds=options.seconds, connections=options.connections))


if __name__ == "__main__":
    main()
