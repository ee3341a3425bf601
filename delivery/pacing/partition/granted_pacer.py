"""A partition's side of pacing: it asks the driver's coordinator for slots ahead of need, and receives orders.

All sending is done in the sender's thread, in messages far smaller than a socket's buffer. While the coordinator can't
be reached (`kept_link.py`), the partition waits a few seconds, then goes on at its static share.
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable
from queue import SimpleQueue
from typing import Self

from delivery.pacing.link import Link, Message
from delivery.pacing.pacer import DRAIN_SECONDS
from delivery.pacing.partition.held_slots import HeldSlots
from delivery.pacing.partition.hurry import Hurry
from delivery.pacing.partition.kept_link import KeptLink, PartitionLink
from delivery.pacing.partition.lost_orders import LostOrders
from delivery.pacing.partition.static_pacer import StaticPacer
from delivery.pacing.partition.unreported import STATIC_TICKET, Unreported
from delivery.pacing.slot_grant import SlotGrant
from delivery.task import DeliveryTask

_REPORT_SECONDS = 0.1
# While nothing may be sent: the maximum time until something is noticed that no message reports.
_LOOK_SECONDS = 0.2
# How long nothing is sent before the static share: at the start, and after the coordinator was lost. By then, the
# others have used up the grants that they got before the driver set this partition's share aside.
_GRACE_SECONDS = 3.0
_MAX_WANTED = 4096


class GrantedPacer:
    """The `Pacer` of one attempt of a task; all methods but `hear` belong to the sender's thread.

    `join` and `while_lost` as `KeptLink` takes them. `start` has the link kept in the background; without it each call
    of `hear` does one step of that.
    """

    def __init__(
        self,
        join: Callable[[], PartitionLink],
        fallback: StaticPacer,
        clock: Callable[[], float] = time.monotonic,
        token: str | None = None,
        while_lost: Callable[[], Message] = dict,
    ) -> None:
        self._fallback = fallback
        self._clock = clock
        self._token = token or uuid.uuid4().hex
        self._wake: Callable[[], None] = lambda: None
        self._link = KeptLink(join, self._understand, while_lost, clock)
        self.hear = self._link.hear
        self._grants: SimpleQueue[tuple[SlotGrant, float]] = SimpleQueue()
        self._hurried: SimpleQueue[tuple[SlotGrant, float]] = SimpleQueue()
        self._slots = HeldSlots()
        self._asked_at: float | None = None
        self._asked_in = 0
        self._hurry = Hurry()
        self._unreported = Unreported()
        self._reported_at = -_REPORT_SECONDS
        self.holds = self.accepts = False
        self._stop: str | None = None
        self.drain_seconds = DRAIN_SECONDS

    @classmethod
    def of(
        cls, task: DeliveryTask, wake: Callable[[], None], wall: Callable[[], float] = time.time
    ) -> GrantedPacer:
        """Return the pacer for one attempt of `task`, over the network, started."""
        fallback = StaticPacer(task.fallback_rate, task.partition, wall)
        lost = LostOrders.of(task)
        return cls(lambda: Link.join(task.coordinator), fallback, while_lost=lost.read).start(wake)

    def start(self, wake: Callable[[], None]) -> Self:
        """Join the coordinator and receive in the background from now on; call `wake` after each message.

        It makes the sender's thread check at once what may be sent: a session that must not wait loses no time.
        """
        self._wake = wake
        self._link.start()
        return self

    def wait(self, ready: int, left: int = 1, after: int = 0) -> float:
        """Return the seconds until an attempt may be sent; see `Pacer`."""
        now = self._clock()
        self._take_grants()
        if self.holds:
            self._report(now)
            return _LOOK_SECONDS
        pause = self._slots.next_in(now)
        hurried = self._hurry.begin(now, after, pause, spare=self._slots.unspent >= ready)
        self._ask(now, hurried, ready, left)
        self._report(now)
        if pause is None and not self._link.is_up and now - self._link.lost_at >= _GRACE_SECONDS:
            pause = self._fallback.wait()
        return min(math.inf if pause is None else pause, self._hurry.again_in(now), _LOOK_SECONDS)

    def _ask(self, now: float, hurried: bool, ready: int, left: int) -> None:  # noqa: FBT001
        """Ask for slots, at once for one `hurried` request, in turn for all others."""
        if not self._link.is_up:
            return
        message: Message = {"hurry": 1} if hurried else {}
        want = ready - self._slots.unspent - self._hurry.is_on(now)
        if want > 0 and not self._is_asked():
            self._asked_at, self._asked_in = now, self._link.joins
            message["want"] = min(want, _MAX_WANTED)
        if message:
            self._send(now, message | {"left": left})

    def _is_asked(self) -> bool:
        """Return whether slots were asked for that have not come; a new connection knows nothing of that."""
        return self._asked_at is not None and self._asked_in == self._link.joins

    def spend(self) -> int:
        """Take the slot that is due; see `Pacer`."""
        self._unreported.attempted()
        if self._slots.unspent:
            return self._slots.take()
        self._fallback.spend()
        return STATIC_TICKET

    def observe(
        self, fault: str | None, ticket: int, events: int = 0, *, took: float = 0.0, name: str = ""
    ) -> None:
        """Count how an attempt ended, and report to the driver now and then; see `Pacer`."""
        now = self._clock()
        self._unreported.ended(fault, ticket, events, now - took, name)
        if fault is None:
            self.accepts = True
            self._hurry.answered(took)
        self._report(now)

    @property
    def stop_reason(self) -> str | None:
        """Return why nothing more may be sent, or None; see `Pacer`."""
        return self._stop

    def stop_all(self, reason: str, drain: float = DRAIN_SECONDS) -> None:
        """Stop this partition and, through the driver, all others; see `Pacer`."""
        self._heed(reason, drain)
        self._unreported.stopped(str(self._stop), self.drain_seconds)
        self._send(self._clock(), {})

    def leave(self, reason: str) -> None:
        """Stop this partition alone; signal handlers may call it."""
        self._heed(reason, DRAIN_SECONDS)

    def close(self) -> None:
        """Send the last counts and close the connection; see `Pacer`."""
        if self._unreported.stop is not None:
            self._link.wait_for_first()  # stopped before the coordinator was reached: the others must know
        self._send(self._clock(), {})
        self._link.close()

    def _understand(self, message: Message) -> None:
        if "grant" in message:
            self._grants.put((SlotGrant(*message["grant"]), self._clock()))
        if "hurried" in message:
            self._hurried.put((SlotGrant(*message["hurried"]), self._clock()))
        if "rest" in message:
            self._hurry.rest_takes(float(message["rest"]), self._clock())
        self.holds = bool(message.get("hold", self.holds))
        self.accepts = self.accepts or bool(message.get("accepts"))
        self._fallback.share = float(message.get("share", self._fallback.share))
        if "stop" in message:
            reason, drain = message["stop"]
            self._heed(str(reason), float(drain))
        self._wake()

    def _heed(self, reason: str, drain: float) -> None:
        """Record a reason to stop; the first one is kept."""
        if self._stop is None:
            self.drain_seconds = drain
            self._stop = reason

    def _take_grants(self) -> None:
        while not self._grants.empty():
            self._slots.add(*self._grants.get_nowait())
            self._asked_at = None
        while not self._hurried.empty():
            self._slots.add(*self._hurried.get_nowait())
            self._hurry.end()

    def _report(self, now: float) -> None:
        if self._unreported.is_any and now - self._reported_at >= _REPORT_SECONDS:
            self._send(now, {})

    def _send(self, now: float, message: Message) -> None:
        """Send `message` with all that is unreported; where that fails it goes with the next one."""
        if not self._link.is_up:
            return
        message |= {"from": self._token, "partition": self._fallback.partition} | self._unreported.message(
            now
        )
        if self._link.send(message):
            self._reported_at = now
            self._unreported.reported()
