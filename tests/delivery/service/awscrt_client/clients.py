"""The job's client and boto3's, each open for a block, and what a server answers them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue

from botocore.exceptions import CredentialRetrievalError
from botocore.session import Session

from delivery.service.answer import Answer
from delivery.service.awscrt_client import AwsCrtClient
from delivery.service.connections import ConnectionPool
from delivery.service.credentials import CredentialSource
from delivery.service.endpoint import resolve_endpoint
from delivery.service.events_client import EventsClient
from delivery.service.signing import Signer
from tests.delivery.boto3_client import Boto3Client, boto3_service

BODY = b'{"trackingId":"t","sessionId":"s","eventList":[{"eventType":"v","sentAt":170000000}]}'


@contextmanager
def awscrt(url: str, time_out: float = 10.0) -> Iterator[AwsCrtClient]:
    session = Session()
    endpoint = resolve_endpoint(session, "eu-west-1", url)
    signer = Signer(endpoint, CredentialSource(session.get_credentials), time.time)
    client = AwsCrtClient(signer, ConnectionPool(endpoint, 1.0), time.monotonic, time_out)
    yield client
    client.close()


@contextmanager
def boto3(url: str) -> Iterator[Boto3Client]:
    client = Boto3Client(boto3_service(Session(), "eu-west-1", url, threads=4), threads=4)
    yield client
    client.close()


def answers(client: EventsClient, count: int = 1) -> list[Answer]:
    """Send the same body that often at once; the answers as they come."""
    inbox: Queue[Answer] = Queue()
    for _ in range(count):
        client.send(BODY, inbox.put)
    return [inbox.get(timeout=30) for _ in range(count)]


def broken() -> None:
    raise CredentialRetrievalError(provider="sso", error_msg="gone")
