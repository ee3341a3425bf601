"""Errors that end a task rather than the run: Spark retries the task, or the partition goes on by itself."""

from __future__ import annotations

from core.errors import BackfillError


class WorkerEndedError(BackfillError):
    """The worker process was asked to end before its partition was sent: run the task again elsewhere."""


class AnswerOverdueError(BackfillError):
    """The client did not keep its own time-outs, so it is broken: run the task again in another process."""


class CoordinatorLostError(BackfillError):
    """The driver's coordinator does not answer: go on at the fallback rate, and try to rejoin it."""


class PeerSilentError(CoordinatorLostError):
    """The other machine gave no sign of life for too long: its process may go on."""
