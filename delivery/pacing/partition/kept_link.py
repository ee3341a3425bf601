"""A partition's link to the driver's coordinator over its whole life: joined, lost, joined again, closed.

One thread joins and receives; the sender's thread sends. A link is closed only by the receiving thread, some time after
it was lost: the sender may have been using it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Protocol

from delivery.errors import CoordinatorLostError
from delivery.pacing.link import Message

_HEAR_SECONDS = 0.2
_REJOIN_SECONDS = 1.0
_CLOSE_SECONDS = 1.0


class PartitionLink(Protocol):
    """The interface of a connection; `delivery.pacing.link.Link` implements it."""

    def send(self, message: Message) -> None:
        """Send one message.

        Raises:
            CoordinatorLostError: the connection broke.
        """

    def receive(self, seconds: float) -> Message | None:
        """Return the next message, or None after `seconds`.

        Raises:
            CoordinatorLostError: the connection broke.
        """

    def close(self) -> None:
        """Close the connection."""


class KeptLink:
    """A link that is joined again whenever it is lost; all methods but `hear` belong to the sender's thread.

    `join` opens a connection or raises `CoordinatorLostError`; `on_message` gets what arrives, and an empty message
    once a connection is there; `while_lost` gives the orders that come by another way. `start` has all that done in the
    background; without it each call of `hear` does one step of it. `joins` counts the connections so far; the last one
    was lost at `lost_at`.
    """

    def __init__(
        self,
        join: Callable[[], PartitionLink],
        on_message: Callable[[Message], None],
        while_lost: Callable[[], Message],
        clock: Callable[[], float],
    ) -> None:
        self._join = join
        self._on_message = on_message
        self._while_lost = while_lost
        self._clock = clock
        self._link: PartitionLink | None = None
        self._retired: SimpleQueue[PartitionLink] = SimpleQueue()
        self.lost_at = clock()
        self.joins = 0
        self._met = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Join the coordinator and receive in the background from now on."""
        self._thread = threading.Thread(target=self._keep_hearing, name="pacer", daemon=True)
        self._thread.start()

    @property
    def is_up(self) -> bool:
        """Return whether there is a connection."""
        return self._link is not None

    def send(self, message: Message) -> bool:
        """Send a message; return whether it went out."""
        link = self._link
        if link is None:
            return False
        try:
            link.send(message)
        except CoordinatorLostError:
            self._lose(link)
            return False
        return True

    def wait_for_first(self) -> None:
        """Wait a moment for the first connection, where one is being opened in the background."""
        if self._thread is not None:
            self._met.wait(_CLOSE_SECONDS)

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)
        self._lose(self._link)
        self._close_retired()

    def hear(self) -> None:
        """Join the coordinator if it is not joined, else wait a moment for a message and pass it on."""
        self._close_retired()
        link = self._link
        try:
            if link is None:
                self._joined(self._join())
            elif message := link.receive(_HEAR_SECONDS):
                self._on_message(message)
        except (CoordinatorLostError, TypeError, ValueError):
            self._lose(link)
            self._on_message(self._while_lost())

    def _keep_hearing(self) -> None:
        try:
            while not self._closing.is_set():
                self.hear()
                if self._link is None:
                    self._closing.wait(_REJOIN_SECONDS)
        finally:
            # For any reason that this thread ends: nothing is heard any more, so the sender must not wait for it.
            self._lose(self._link)

    def _joined(self, link: PartitionLink) -> None:
        if self._closing.is_set():
            self._retired.put(link)
            return
        self.joins += 1
        self._link = link
        self._met.set()
        self._on_message({})

    def _lose(self, link: PartitionLink | None) -> None:
        if link is not None and link is self._link:
            self.lost_at = self._clock()
            self._link = None
            self._retired.put(link)

    def _close_retired(self) -> None:
        while not self._retired.empty():
            self._retired.get_nowait().close()
