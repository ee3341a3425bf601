"""Looking at a job until it has ended, with pauses that grow: it may take minutes or hours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

FIRST_PAUSE = 5.0
LONGEST_PAUSE = 60.0
_GROWTH = 1.5


class Job(Protocol):
    """What is looked at."""

    @property
    def status(self) -> str:
        """The service's word for how it is."""
        ...

    @property
    def has_ended(self) -> bool:
        """Whether that will not change any more."""
        ...


J = TypeVar("J", bound=Job)
Pause = Callable[[float], str | None]
"""Waits for so many seconds, or less where it returns a reason to stop."""


class StoppedWaitingError(Exception):
    """There was a reason to stop before the job had ended; it goes on with the service."""


def pauses() -> Iterator[float]:
    """Seconds between two looks: from `FIRST_PAUSE` to `LONGEST_PAUSE`."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(LONGEST_PAUSE, pause * _GROWTH)


def watched(look: Callable[[], J], pause: Pause, say: Callable[[J], None]) -> J:
    """Look until the job has ended, and return how it is then; `say` each change of its status.

    Raises:
        StoppedWaitingError: `pause` gave a reason.
    """
    seen: str | None = None
    for seconds in pauses():
        job = look()
        if job.status != seen:
            seen = job.status
            say(job)
        if job.has_ended:
            return job
        if reason := pause(seconds):
            raise StoppedWaitingError(reason)
    raise AssertionError
