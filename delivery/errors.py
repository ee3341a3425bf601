"""What can go wrong in delivery, named by what the caller does next.

Catch `DeliveryError` to catch them all; it has no base in `core`, as executors get this package alone. None of them
ever holds a personal value or a credential: their texts are logged and shown. They are raised with one finished
sentence, so they survive pickling.
"""

from __future__ import annotations

from typing import ClassVar


class DeliveryError(Exception):
    """Delivery could not go on; the text is one sentence for a person. `exit_code`: see `core.errors`."""

    exit_code: ClassVar[int] = 2


class StorageError(DeliveryError):
    """A file could not be read, written, listed or deleted: try again later, or stop.

    The text names the URL and the cause, never a credential.
    """


class ProxyError(DeliveryError):
    """The environment names a proxy that can't be used: correct it. The text holds no part of its URL."""


class WorkerEndedError(DeliveryError):
    """The worker process was told to end before its partition was sent: run the task again elsewhere."""


class AnswerOverdueError(DeliveryError):
    """The client has not kept its own time-outs, so it is broken: run the task again in another process."""


class CoordinatorLostError(DeliveryError):
    """The driver's coordinator does not answer: go on at the fallback rate, and try to join it again."""
