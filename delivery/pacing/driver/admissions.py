"""Admission to the coordinator: each caller proves the run's key in a thread of its own, so none delays another."""

from __future__ import annotations

import logging
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue

from delivery.errors import CoordinatorLostError
from delivery.pacing.link import Link, listen
from delivery.task import CoordinatorAddress

_LOG = logging.getLogger(__name__)
_END_SECONDS = 5.0


class Admissions:
    """A listening socket on the interface of `host`, and the callers that have proved the key of its `address`.

    `on_admitted` is called, from any thread, when there is one more to take.
    """

    def __init__(self, host: str, on_admitted: Callable[[], None]) -> None:
        self._on_admitted = on_admitted
        self.server = listen(host)
        self.address = CoordinatorAddress(host, self.server.getsockname()[1], secrets.token_bytes(32))
        self._admitted: SimpleQueue[Link] = SimpleQueue()
        # The callers that are proving the key, each with a second handle to hang up by. Under the lock, no handle is
        # closed while another thread uses it: its number may be another socket's by then.
        self._proving: dict[threading.Thread, socket.socket] = {}
        self._handles = threading.Lock()
        self._closing = False

    def accept(self) -> None:
        """Accept the caller that waits, and have its proof checked."""
        try:
            caller, _ = self.server.accept()
            handle = caller.dup()
        except OSError:
            return  # it has gone already
        self._proving = {thread: each for thread, each in self._proving.items() if thread.is_alive()}
        thread = threading.Thread(
            target=self._admit, args=(caller, handle), name="coordinator-admits", daemon=True
        )
        thread.start()
        self._proving[thread] = handle

    def take(self) -> Iterator[Link]:
        """Yield the callers that have been admitted since the last time."""
        with suppress(Empty):
            while True:
                yield self._admitted.get_nowait()

    def close(self) -> None:
        """Hang up on those who have not proved the key yet, and listen no more; `take` has the last ones."""
        self._closing = True
        with self._handles:
            for handle in self._proving.values():
                with suppress(OSError):  # it is closed: its thread is done
                    handle.shutdown(socket.SHUT_RDWR)
        until = time.monotonic() + _END_SECONDS
        for thread in self._proving:
            thread.join(max(0.0, until - time.monotonic()))
        self.server.close()

    def _admit(self, caller: socket.socket, handle: socket.socket) -> None:
        try:
            self._admitted.put(Link.admit(caller, self.address.authkey))
            self._on_admitted()
        except (CoordinatorLostError, OSError):
            if not self._closing:
                _LOG.warning("a caller that does not know the run's key was refused")
        finally:
            with self._handles:
                handle.close()
