"""CPU seconds per request of the awscrt client and of boto3, in one run against one local server.

    python -m benchmarks.client_cpu [--requests 6000] [--boto3-requests 1500] [--plain]

Ten-event requests of about 1.9 KB, packed from staged events, answered after 30 ms, over TLS unless
`--plain` is given. CPU is that of this process alone (user + system); the server runs in a process of its
own. Bounded in count and in time.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import botocore.session
import trustme

from benchmarks.answering_server import answering
from benchmarks.sender_load import event_json
from delivery.packing import StagedEvent, pack
from delivery.request import events_per_request, request_writer
from delivery.service.answer import Answer
from delivery.service.awscrt_client import AwsCrtClient
from delivery.service.connections import ConnectionPool
from delivery.service.credentials import CredentialSource
from delivery.service.endpoint import resolve_endpoint
from delivery.service.events_client import CONNECT_SECONDS, EventsClient
from delivery.service.signing import Signer
from tests.delivery.boto3_client import Boto3Client, boto3_service

MAX_SECONDS = 120.0
DELAY_SECONDS = 0.03
IN_FLIGHT = 64
BOTO3_THREADS = 16


def staged_events(count: int) -> Iterator[StagedEvent]:
    """Yield `count` events of 180 bytes, ten to a session."""
    for number in range(count):
        body = event_json(number)
        envelope = f'{{"userId":"user-{number // 10}","sessionId":"session-{number // 10}"}}'
        yield StagedEvent(f"{number:032x}", envelope.encode(), body.encode())


def certificates(folder: Path) -> tuple[Path, Path]:
    """Create a certificate for loopback: return the server's PEM with its key, and the CA file to trust."""
    authority = trustme.CA()
    server, trusted = folder / "server.pem", folder / "ca.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(server)
    authority.cert_pem.write_to_path(trusted)
    return server, trusted


def awscrt_client(url: str) -> EventsClient:
    """Return the production client, wired as a partition wires it."""
    session = botocore.session.Session()
    endpoint = resolve_endpoint(session, "eu-west-1", url)
    signer = Signer(endpoint, CredentialSource(session.get_credentials), time.time)
    return AwsCrtClient(signer, ConnectionPool(endpoint, CONNECT_SECONDS), time.monotonic)


def boto3_client(url: str) -> EventsClient:
    """Return the reference client."""
    session = botocore.session.Session()
    return Boto3Client(boto3_service(session, "eu-west-1", url, BOTO3_THREADS), BOTO3_THREADS)


def measure(client: EventsClient, requests: int, in_flight: int) -> tuple[float, float]:
    """Send that many requests; return the CPU seconds and the seconds that each took on average."""
    slots, failures = threading.Semaphore(in_flight), list[Answer]()

    def done(answer: Answer) -> None:
        if answer.status != 200:
            failures.append(answer)
        slots.release()

    write = request_writer("benchmark-tracker")
    deadline = time.monotonic() + MAX_SECONDS
    started, cpu = time.monotonic(), time.process_time()
    for batch in pack(staged_events(requests * 10), events_per_request()):
        slots.acquire(timeout=max(0.0, deadline - time.monotonic()))
        client.send(write(batch), done)
    for _ in range(in_flight):
        slots.acquire(timeout=max(0.0, deadline - time.monotonic()))
    used, took = time.process_time() - cpu, time.monotonic() - started
    if failures:
        raise SystemExit(f"{len(failures)} requests failed, the first with {failures[0]}")
    return used / requests, took / requests


def compare(name: str, make: Callable[[str], EventsClient], url: str, requests: int, in_flight: int) -> float:
    """Warm a client up, measure it and print its line; return the CPU seconds per request."""
    client = make(url)
    measure(client, min(200, requests), in_flight)
    cpu, seconds = measure(client, requests, in_flight)
    client.close()
    print(f"{name:8} {requests:6} requests  {cpu * 1000:6.3f} ms CPU each  {1 / cpu:7.0f} per CPU-second"
          f"  {1 / seconds:6.0f} per second")  # fmt: skip
    return cpu


def main() -> None:
    """Measure both clients and print their ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=6000)
    parser.add_argument("--boto3-requests", type=int, default=1500)
    parser.add_argument("--plain", action="store_true", help="HTTP instead of TLS")
    arguments = parser.parse_args()
    os.environ.update(AWS_ACCESS_KEY_ID="benchmark", AWS_SECRET_ACCESS_KEY="benchmark")  # noqa: S106 - made up
    with tempfile.TemporaryDirectory() as folder:
        server, trusted = certificates(Path(folder))
        os.environ["AWS_CA_BUNDLE"] = str(trusted)
        with answering(DELAY_SECONDS, None if arguments.plain else server) as url:
            ours = compare("awscrt", awscrt_client, url, arguments.requests, IN_FLIGHT)
            theirs = compare("boto3", boto3_client, url, arguments.boto3_requests, BOTO3_THREADS)
    print(f"boto3 spends {theirs / ours:.1f} times the CPU of awscrt")


if __name__ == "__main__":
    main()
