"""A partition's side of pacing: it asks the driver's coordinator for slots ahead of need, and receives orders.

All sending is done in the sender's thread, in messages far smaller than a socket's buffer; a separate
thread joins the coordinator and receives. While the coordinator can't be reached, the partition waits a few
seconds, then goes on at its static share, and keeps trying to join.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from queue import SimpleQueue
from typing import Protocol, Self

from delivery.errors import CoordinatorLostError
from delivery.pacing.budget import SlotGrant
from delivery.pacing.held_slots import HeldSlots
from delivery.pacing.hurry import Hurry
from delivery.pacing.link import Link, Message
from delivery.pacing.lost_orders import LostOrders
from delivery.pacing.pacer import DRAIN_SECONDS, THROTTLED, TRANSIENT
from delivery.pacing.static_pacer import StaticPacer
from delivery.pacing.untold_failures import UntoldFailures
from delivery.settings import DeliveryTask

STATIC_TICKET = -1
_REPORT_SECONDS = 0.1
_HEAR_SECONDS = 0.2
_REJOIN_SECONDS = 1.0
_CLOSE_SECONDS = 1.0
# How long nothing is sent before the static share: at the start, and after the coordinator was lost. Leases that
# were given to others against a share that has just been lost are used up by then.
_GRACE_SECONDS = 3.0
# A slot is leased 100 ms ahead, or at once when the job was idle: ask again soon after asking, then less often.
_POLL_SECONDS = (0.002, 0.010)
_SOON_SECONDS = 0.02
_MAX_WANTED = 4096


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


class LeasedPacer:
    """The `Pacer` of one attempt of a task; all methods but `hear` belong to the sender's thread.

    `join` opens a connection or raises `CoordinatorLostError`; `while_lost` gives orders that come by another way.
    `start` has both done in the background; without it each call of `hear` does one step of that.
    """

    def __init__(
        self,
        join: Callable[[], PartitionLink],
        fallback: StaticPacer,
        clock: Callable[[], float] = time.monotonic,
        token: str | None = None,
        while_lost: Callable[[], Message] = dict,
    ) -> None:
        self._while_lost = while_lost
        self._join = join
        self._fallback = fallback
        self._clock = clock
        self._token = token or uuid.uuid4().hex
        self._link: PartitionLink | None = None
        self._retired: SimpleQueue[PartitionLink] = SimpleQueue()
        self._lost_at = clock()
        self._leases: SimpleQueue[tuple[SlotGrant, float]] = SimpleQueue()
        self._hurried: SimpleQueue[tuple[SlotGrant, float]] = SimpleQueue()
        self._slots = HeldSlots()
        self._asked_at: float | None = None
        self._hurry = Hurry()
        self._told_at = -_REPORT_SECONDS
        self._answered: dict[int, list[int]] = {}
        self._counts = [0, 0, 0, 0]
        self._failures = UntoldFailures()
        self._news = False
        self.holds = False
        self._stop: str | None = None
        self._stop_untold: tuple[str, float] | None = None
        self.drain_seconds = DRAIN_SECONDS
        self._met = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def of(cls, task: DeliveryTask, wall: Callable[[], float] = time.time) -> LeasedPacer:
        """Return the pacer for one attempt of `task`, over the network, started."""
        fallback = StaticPacer(task.fallback_rate, task.partition, wall)
        lost = LostOrders.of(task)
        return cls(lambda: Link.join(task.coordinator), fallback, while_lost=lost.look).start()

    def start(self) -> Self:
        """Join the coordinator and receive in the background from now on."""
        self._thread = threading.Thread(target=self._keep_hearing, name="pacer", daemon=True)
        self._thread.start()
        return self

    def wait(self, ready: int, left: int = 1, after: int = 0) -> float:
        """Return the seconds until an attempt may be sent; see `Pacer`."""
        now = self._clock()
        self._take_leases()
        if self.holds:
            self._report(now)
            return _HEAR_SECONDS
        pause = self._slots.next_in(now)
        self._ask(now, self._hurry.begin(now, after, pause), ready, left)
        self._report(now)
        if pause is not None:
            return min(pause, _POLL_SECONDS[0]) if self._hurry.is_on(now) else pause
        if self._link is None and now - self._lost_at >= _GRACE_SECONDS:
            return min(self._fallback.wait(), _HEAR_SECONDS)
        soon = self._asked_at is not None and now - self._asked_at < _SOON_SECONDS
        return _POLL_SECONDS[0 if soon else 1]

    def _ask(self, now: float, hurried: bool, ready: int, left: int) -> None:  # noqa: FBT001
        """Ask for slots, at once for one `hurried` request, in turn for all others."""
        if self._link is None:
            return
        message: Message = {"hurry": 1} if hurried else {}
        want = ready - self._slots.unspent - self._hurry.is_on(now)
        if want > 0 and self._asked_at is None:
            self._asked_at = now
            message["want"] = min(want, _MAX_WANTED)
        if message:
            self._tell(now, message | {"left": left})

    def spend(self) -> int:
        """Take the slot that is due; see `Pacer`."""
        self._counts[0] += 1
        self._news = True
        if self._slots.unspent:
            return self._slots.take()
        self._fallback.spend()
        return STATIC_TICKET

    def observe(
        self, fault: str | None, ticket: int, events: int = 0, *, took: float = 0.0, name: str = ""
    ) -> None:
        """Count how an attempt ended, and report to the driver now and then; see `Pacer`."""
        throttled = fault == THROTTLED
        if ticket != STATIC_TICKET:
            self._answered.setdefault(ticket, [0, 0])[throttled] += 1
        self._counts[1] += throttled
        self._counts[2] += fault is None
        self._counts[3] += events
        self._news = True
        if fault is None:
            self._hurry.answered(took)
        now = self._clock()
        if fault == TRANSIENT:
            self._failures.failed(now - took, name)
        elif fault is not None:
            self._failures.refused += 1
        self._report(now)

    @property
    def stop_reason(self) -> str | None:
        """Return why nothing more may be sent, or None; see `Pacer`."""
        return self._stop

    def stop_all(self, reason: str, drain: float = DRAIN_SECONDS) -> None:
        """Stop this partition and, through the driver, all others; see `Pacer`."""
        self._heed(reason, drain)
        self._stop_untold = (str(self._stop), self.drain_seconds)
        self._news = True
        self._tell(self._clock(), {})

    def leave(self, reason: str) -> None:
        """Stop this partition alone; signal handlers may call it."""
        self._heed(reason, DRAIN_SECONDS)

    def close(self) -> None:
        """Send the last counts and close the connection; see `Pacer`."""
        if self._stop_untold is not None and self._thread is not None:
            self._met.wait(_CLOSE_SECONDS)  # stopped before the coordinator was reached: the others must know
        self._tell(self._clock(), {})
        self._closing.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)
        self._lose(self._link)
        self._close_retired()

    def hear(self) -> None:
        """Join the coordinator if it is not joined, else wait a moment for a message and process it."""
        # Links are closed only here, some time after they were lost: the sender may have been using one.
        self._close_retired()
        link = self._link
        try:
            if link is None:
                self._joined(self._join())
            elif message := link.receive(_HEAR_SECONDS):
                self._understand(message)
        except (CoordinatorLostError, TypeError, ValueError):
            self._lose(link)
            self._understand(self._while_lost())

    def _keep_hearing(self) -> None:
        try:
            while not self._closing.is_set():
                self.hear()
                if self._link is None:
                    self._closing.wait(_REJOIN_SECONDS)
        finally:
            # Whatever ended this thread: no lease is heard any more, so the sender must not wait for one.
            self._lose(self._link)

    def _joined(self, link: PartitionLink) -> None:
        if self._closing.is_set():
            self._retired.put(link)
            return
        self._asked_at = None
        self._link = link
        self._met.set()

    def _lose(self, link: PartitionLink | None) -> None:
        if link is not None and link is self._link:
            self._link = None
            self._lost_at = self._clock()
            self._retired.put(link)

    def _close_retired(self) -> None:
        while not self._retired.empty():
            self._retired.get_nowait().close()

    def _understand(self, message: Message) -> None:
        if "lease" in message:
            self._leases.put((SlotGrant(*message["lease"]), self._clock()))
        if "hurried" in message:
            self._hurried.put((SlotGrant(*message["hurried"]), self._clock()))
        if "rest" in message:
            self._hurry.rest_takes(float(message["rest"]), self._clock())
        self.holds = bool(message.get("hold", self.holds))
        self._fallback.share = float(message.get("share", self._fallback.share))
        if "stop" in message:
            reason, drain = message["stop"]
            self._heed(str(reason), float(drain))

    def _heed(self, reason: str, drain: float) -> None:
        """Record a reason to stop; the first one is kept."""
        if self._stop is None:
            self.drain_seconds = drain
            self._stop = reason

    def _take_leases(self) -> None:
        while not self._leases.empty():
            self._slots.add(*self._leases.get_nowait())
            self._asked_at = None
        while not self._hurried.empty():
            self._slots.add(*self._hurried.get_nowait())
            self._hurry.end()

    def _report(self, now: float) -> None:
        if self._news and now - self._told_at >= _REPORT_SECONDS:
            self._tell(now, {})

    def _tell(self, now: float, message: Message) -> None:
        """Send `message` with all unreported counts.

        If that fails, counts and "stop" go with the next message; the results of single attempts are
        dropped.
        """
        link = self._link
        if link is None:
            return
        message |= {"from": self._token, "counts": self._counts}
        if self._answered:
            message["answered"] = [[era, *counts] for era, counts in self._answered.items()]
        if self._failures:
            message["failed"] = self._failures.unreported(now)
        if self._stop_untold is not None:
            message["stop"] = self._stop_untold
        try:
            link.send(message)
        except CoordinatorLostError:
            self._lose(link)
            return
        self._told_at = now
        self._news = False
        self._answered, self._stop_untold = {}, None
        self._failures = UntoldFailures()
