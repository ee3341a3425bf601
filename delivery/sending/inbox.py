"""The queue of answers from the client's threads to the sender's one thread."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import NamedTuple, Protocol

from delivery.sending.workload import Request
from delivery.service.answer import Answer


class Arrival(NamedTuple):
    """An answer, with its request and the pacer's ticket of that attempt."""

    request: Request
    ticket: int
    answer: Answer


class Inbox(Protocol):
    """The one place where the sender waits: a simulated inbox makes simulated time pass."""

    def put(self, arrival: Arrival) -> None:
        """Add an arrival; any thread may."""

    def take(self, seconds: float) -> Arrival | None:
        """Return the oldest arrival, or None if there is none within that many seconds, or news of another kind."""


class ThreadInbox:
    """An inbox for real threads. `wake` ends the wait without an arrival; any thread may call it."""

    def __init__(self) -> None:
        self._arrivals: SimpleQueue[Arrival | None] = SimpleQueue()
        self.put = self._arrivals.put

    def wake(self) -> None:
        """Have a `take` that waits, or the next one, return None."""
        self._arrivals.put(None)

    def take(self, seconds: float) -> Arrival | None:
        """See `Inbox.take`."""
        try:
            return self._arrivals.get(timeout=seconds) if seconds > 0 else self._arrivals.get_nowait()
        except Empty:
            return None
