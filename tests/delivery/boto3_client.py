"""The reference client: the same protocol on boto3's own `put_events`, one thread per request in flight.

It is what the awscrt client is tested and measured against. It is slow by nature and carries no load.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from delivery.request import SERVICE
from delivery.service.answer import ACCEPTED, Answer
from delivery.service.events_client import CONNECT_SECONDS, READ_SECONDS, Done

if TYPE_CHECKING:
    from mypy_boto3_personalize_events import PersonalizeEventsClient


def boto3_service(
    session: Session, region: str | None, endpoint_url: str | None, threads: int
) -> PersonalizeEventsClient:
    """A client of the service with our time-outs, one attempt and a connection for each thread."""
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=threads,
        retries={"total_max_attempts": 1},
    )
    client = session.create_client(SERVICE, region_name=region, endpoint_url=endpoint_url, config=config)
    return cast("PersonalizeEventsClient", client)


class Boto3Client:
    """An `EventsClient` on boto3; `service` is a client as `boto3_service` makes it."""

    def __init__(self, service: PersonalizeEventsClient, threads: int) -> None:
        self._service = service
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="put-events")

    def send(self, body: bytes, done: Done) -> None:
        """Send one body; see `EventsClient.send`. It is parsed, since boto3 writes the JSON itself."""
        self._executor.submit(self._exchange, body, done)

    def close(self) -> None:
        """Wait for the requests in flight and let the threads go."""
        self._executor.shutdown()
        self._service.close()

    def _exchange(self, body: bytes, done: Done) -> None:
        done(self._answer(body))

    def _answer(self, body: bytes) -> Answer:
        try:
            self._service.put_events(**json.loads(body))
        except ClientError as error:
            return _refused(error)
        except BotoCoreError as error:
            return Answer(None, type(error).__name__)
        return ACCEPTED


def _refused(error: ClientError) -> Answer:
    refused, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    return Answer(status, refused.get("Code"), refused.get("Message"))
