"""Polling of a job until it has ended, with pauses that grow: it may take minutes or hours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar, Protocol, TypeVar

from core.errors import BackfillError

FIRST_PAUSE = 5.0
MAX_PAUSE = 60.0
_GROWTH = 1.5


class Job(Protocol):
    """A job to poll."""

    @property
    def status(self) -> str:
        """Return the service's status."""
        ...

    @property
    def has_ended(self) -> bool:
        """Return whether the status is final."""
        ...


J = TypeVar("J", bound=Job)
Pause = Callable[[float], str | None]
"""Waits for so many seconds, or less where it returns a reason to stop."""


class StoppedWaitingError(BackfillError):
    """The wait was stopped before the job had ended; the job goes on in the service."""

    exit_code: ClassVar[int] = 5


def pauses() -> Iterator[float]:
    """Yield the seconds between two polls: from `FIRST_PAUSE` to `MAX_PAUSE`."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(MAX_PAUSE, pause * _GROWTH)


def poll_until_ended(describe: Callable[[], J], pause: Pause, say: Callable[[J], None]) -> J:
    """Poll until the job has ended, and return it then; `say` each change of its status.

    Raises:
        StoppedWaitingError: `pause` gave a reason.
    """
    seen: str | None = None
    for seconds in pauses():
        job = describe()
        if job.status != seen:
            seen = job.status
            say(job)
        if job.has_ended:
            return job
        if reason := pause(seconds):
            raise StoppedWaitingError(reason)
    raise AssertionError
