"""A connection between a partition and the driver's coordinator: small JSON messages over TCP.

Both ends prove that they know the run's key (`handshake.py`) before a message is read, and messages are
JSON, never a pickle. No single read or write outlasts its time-out.
"""

from __future__ import annotations

import errno
import json
import socket
import struct
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from delivery.errors import CoordinatorLostError, PeerSilentError
from delivery.pacing.handshake import prove_as_driver, prove_as_partition
from delivery.task import CoordinatorAddress

Message = dict[str, Any]

_CONNECT_SECONDS = 5.0
# For each single read or write. Messages are smaller than a packet: a peer that sent half of one is broken.
_SECONDS = 2
# The connection is given up after so many seconds without a sign of life from the other machine.
_SILENCE_SECONDS = 15
_MAX_MESSAGE_BYTES = 65536
_BACKLOG = 1024
# What Linux reports of a peer that acknowledges nothing (tcp(7), TCP_USER_TIMEOUT), or takes nothing in `_SECONDS`.
_SILENT = frozenset({errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EAGAIN})
_BROKEN = (OSError, EOFError, ValueError)


class Link:
    """An open connection; sending and receiving may happen in two threads.

    Raises:
        CoordinatorLostError: by every method; the connection broke, or can't be made.
    """

    def __init__(self, connected: socket.socket) -> None:
        _tune(connected)
        self._connection: Connection[bytes, bytes] = Connection(connected.detach())

    @classmethod
    def join(cls, address: CoordinatorAddress) -> Link:
        """Connect to the coordinator and authenticate both ends.

        Raises:
            CoordinatorLostError: the driver can't be reached, or does not know the key.
        """
        try:
            link = cls(socket.create_connection((address.host, address.port), timeout=_CONNECT_SECONDS))
        except OSError as error:
            raise CoordinatorLostError(f"The driver can't be reached: {type(error).__name__}.") from error
        link.prove(address.authkey, prove_as_partition)
        return link

    @classmethod
    def admit(cls, connected: socket.socket, authkey: bytes) -> Link:
        """Accept a partition that knows the key.

        Raises:
            CoordinatorLostError: it does not know the key; the connection is closed.
        """
        link = cls(connected)
        link.prove(authkey, prove_as_driver)
        return link

    def prove(self, authkey: bytes, as_whom: Callable[[Connection[bytes, bytes], bytes], None]) -> None:
        """Prove the key and verify the peer's proof.

        Raises:
            CoordinatorLostError: the peer does not know the key; the connection is closed.
        """
        try:
            as_whom(self._connection, authkey)
        except CoordinatorLostError:
            self.close()
            raise

    def send(self, message: Message) -> None:
        """Send one message.

        Raises:
            CoordinatorLostError: the connection broke.
        """
        try:
            self._connection.send_bytes(json.dumps(message, separators=(",", ":")).encode())
        except _BROKEN as error:
            raise _lost(error) from error

    def receive(self, seconds: float) -> Message | None:
        """Return the next message, or None if none begins within `seconds`.

        Raises:
            CoordinatorLostError: the connection broke, or the message is malformed.
        """
        try:
            if not self._connection.poll(seconds):
                return None
        except _BROKEN as error:
            raise _lost(error) from error
        return self.read()

    def read(self) -> Message:
        """Return the next message, which has begun to arrive.

        Raises:
            CoordinatorLostError: the connection broke, or the message is malformed.
        """
        try:
            message = json.loads(self._connection.recv_bytes(_MAX_MESSAGE_BYTES))
        except _BROKEN as error:
            raise _lost(error) from error
        if not isinstance(message, dict):
            raise CoordinatorLostError("The peer sent a malformed message.")
        return message

    def fileno(self) -> int:
        """Return the connection's file descriptor, for selectors."""
        return self._connection.fileno()

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        self._connection.close()


def _lost(error: Exception) -> CoordinatorLostError:
    """Return the error for a connection that broke: whether the peer closed it, or its machine fell silent."""
    silent = isinstance(error, OSError) and error.errno in _SILENT
    return (PeerSilentError if silent else CoordinatorLostError)("The connection to the peer broke.")


def _tune(connected: socket.socket) -> None:
    """Let the socket send at once, notice dead machines and time out; by descriptor, as it changes hands."""
    connected.settimeout(None)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    limit = struct.pack("ll", _SECONDS, 0)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # not available on every system
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENCE_SECONDS * 1000)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _SILENCE_SECONDS // 3)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _SILENCE_SECONDS // 3)


def listen(host: str) -> socket.socket:
    """Listen on the interface of `host`, or on all interfaces if none of this machine's has that name."""
    try:
        return socket.create_server((host, 0), backlog=_BACKLOG)
    except OSError:  # a service's name in front of the driver, as on Kubernetes
        return socket.create_server(("", 0), backlog=_BACKLOG)
