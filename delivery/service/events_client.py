"""The interface between sender and client: send one request body, and report the result once.

The sender packs, paces, retries and records: it has the one retry loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from delivery.service.answer import Answer

Done = Callable[[Answer], None]

# A connection or an answer that takes longer is given up as if it never came. botocore waits 60 s for each,
# which is too long to find out that a service is gone: the circuit must open within 30 s.
CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0


class EventsClient(Protocol):
    """A client that sends PutEvents requests, many at a time."""

    def send(self, body: bytes, done: Done) -> None:
        """Send a signed request; `done` gets the answer once, from any thread, within the time-outs.

        Faults of the service, the network or the credentials are answers, never exceptions.
        """

    def close(self) -> None:
        """Close the connections; requests in flight may get no answer."""
