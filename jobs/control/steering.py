"""What was asked of a run, and what becomes of it: the rate, the pause and the stop of the sending, now or later.

A request that comes before the sending begins counts from its first request on. It reads no file.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from jobs.control.record import Ask, Request

_LOG = logging.getLogger("put_events")


class Steered(Protocol):
    """What can be steered; `delivery.pacing.coordinator.Coordinator` is one."""

    def hold(self, *, holds: bool) -> None:
        """Send nothing from now on, or go on."""

    def set_rate(self, rate: float) -> None:
        """Make this many attempts per second from now on, at most."""


class Steering:
    """The requests to one run, which may make `limit` attempts per second; any thread may use it.

    `stop` is called with a reason where that was asked; `now` tells the time in ISO 8601.
    """

    def __init__(self, limit: float, stop: Callable[[str], object], now: Callable[[], str]) -> None:
        self.paused = False
        self.stopping: str | None = None
        self.rate = self.limit = limit
        self._stop = stop
        self._now = now
        self._requests: list[Request] = []
        self._steered: Steered | None = None
        self._lock = threading.Lock()

    @property
    def requests(self) -> tuple[Request, ...]:
        """All that was asked, in the order in which it was."""
        return tuple(self._requests)

    def steer(self, steered: Steered) -> None:
        """Steer `steered` from now on, first of all into the state that was asked for up to now."""
        with self._lock:
            self._steered = steered
            if self.rate != self.limit:
                steered.set_rate(self.rate)
            if self.paused:
                steered.hold(holds=True)

    def obey(self, request: Request) -> None:
        """Do what `request` asks, and remember it."""
        _LOG.info("%s asked for: %s", request.by, request)
        with self._lock:
            self._requests.append(request.model_copy(update={"heeded_at": self._now()}))
            self._do(request)

    def miss(self, request: Request) -> None:
        """Remember a request that came too late to be heeded."""
        with self._lock:
            self._requests.append(request)

    def _do(self, request: Request) -> None:
        match request.ask:
            case Ask.STOP:
                self.stopping = self.stopping or f"{request.by} asked the run to stop"
                self._stop(self.stopping)
            case Ask.RATE:
                # The command refuses more, but any program may have written the file.
                self.rate = min(request.rate or self.limit, self.limit)
                if self._steered:
                    self._steered.set_rate(self.rate)
            case Ask.PAUSE | Ask.RESUME:
                self.paused = request.ask is Ask.PAUSE
                if self._steered:
                    self._steered.hold(holds=self.paused)
