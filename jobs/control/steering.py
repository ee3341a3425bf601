"""The requests to a run and their effect: the rate, the pause and the stop of the sending, now or later.

A request that comes before the sending begins counts from its first request on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from jobs.control.record import Ask, ControlRequest

_LOG = logging.getLogger("put_events")


class Steered(Protocol):
    """The interface to steer; `delivery.pacing.driver.coordinator.Coordinator` implements it."""

    def hold(self, *, holds: bool) -> None:
        """Send nothing from now on, or go on."""

    def set_rate(self, rate: float) -> None:
        """Make at most this many attempts per second from now on."""


class Steering:
    """The requests to one run, which may make `limit` attempts per second; any thread may use it.

    `stop` is called with a reason when a stop is requested; `now` gives the time in ISO 8601.
    """

    def __init__(self, limit: float, stop: Callable[[str], object], now: Callable[[], str]) -> None:
        self.paused = False
        self.stopping: str | None = None
        self.rate = self.limit = limit
        self._stop = stop
        self._now = now
        self._requests: list[ControlRequest] = []
        self._steered: Steered | None = None
        self._lock = threading.Lock()

    @property
    def requests(self) -> tuple[ControlRequest, ...]:
        """Return all requests in the order in which they came."""
        return tuple(self._requests)

    def steer(self, steered: Steered) -> None:
        """Steer `steered` from now on, starting with the state requested so far."""
        with self._lock:
            self._steered = steered
            if self.rate != self.limit:
                steered.set_rate(self.rate)
            if self.paused:
                steered.hold(holds=True)

    def obey(self, request: ControlRequest) -> None:
        """Carry out `request`, and record it."""
        _LOG.info("%s asked for: %s", request.by, request)
        with self._lock:
            self._requests.append(request.model_copy(update={"heeded_at": self._now()}))
            self._do(request)

    def miss(self, request: ControlRequest) -> None:
        """Record a request that came too late to be carried out."""
        with self._lock:
            self._requests.append(request.model_copy(update={"heeded_at": None}))

    def _do(self, request: ControlRequest) -> None:
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
