"""End a worker process in which nothing moves any more, so that Spark runs its task again: the last resort.

Every wait in our code has a bound, but not all code is ours. `faulthandler` watches from a thread that does
not need the interpreter; it prints each thread's stack, by file, line and function and without any value,
and exits.
"""

from __future__ import annotations

import faulthandler
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self, TypeVar

LIMIT_SECONDS = 300.0
_FEED_SECONDS = 1.0
_STDERR = 2

Item = TypeVar("Item")


class Watchdog:
    """A watch over the process for the length of a `with` block: unless it is fed, the process ends. One at a time."""

    def __init__(self, clock: Callable[[], float], limit: float = LIMIT_SECONDS) -> None:
        self._clock = clock
        self._limit = limit
        self._fed_at: float | None = None

    def __enter__(self) -> Self:
        self.feed()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rest()

    def feed(self) -> None:
        """Report that something moves; cheap enough for every turn of a loop."""
        now = self._clock()
        if self._fed_at is None or now - self._fed_at >= _FEED_SECONDS:
            self._fed_at = now
            faulthandler.dump_traceback_later(self._limit, exit=True, file=_STDERR)

    def over(self, items: Iterator[Item]) -> Iterator[Item]:
        """Yield `items`, and feed with each: for what may take long as a whole."""
        for item in items:
            self.feed()
            yield item

    def rest(self) -> None:
        """Suspend the watch for work of unknown length; `feed` resumes it."""
        self._fed_at = None
        faulthandler.cancel_dump_traceback_later()
