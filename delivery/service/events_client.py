"""What the sender asks of a client: to send one request body and to say, once, what came back.

A client packs, paces, retries and records nothing: the sender is the one retry loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from delivery.service.answer import Answer

Done = Callable[[Answer], None]

# A connection that takes longer, or an answer that takes longer, is given up as if it never came. botocore
# waits 60 s for each, which is too long to find out that a service is gone: the circuit must open within 30
# s.
CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0


class EventsClient(Protocol):
    """Sends PutEvents requests, many at a time."""

    def send(self, body: bytes, done: Done) -> None:
        """Send one signed request; `done` gets the answer once, from any thread, within the time-outs.

        Faults of the service, the network or the credentials are answers, never exceptions.
        """

    def close(self) -> None:
        """Give up the connections; what is in flight then may get no answer any more."""
