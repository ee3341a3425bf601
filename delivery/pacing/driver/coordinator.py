"""The driver's side of pacing: one thread that grants the budget to all partitions and carries "stop".

It also adds up what partitions report, and stops the job when that shows an outage. It survives bad clients (a
wrong key, garbage, silence) and partitions that die: their connection closes, and they are out of the queue. It never
sees an event.

Messages, all keys optional, from a partition: `from` its token and `partition` its number (in the first one), `want`
slots, `left` requests that it still has to send, `hurry` for a slot at once, `answered` [[era, accepted, refused], …],
`counts` [attempts, throttled, requests, events] so far, `failed` [attempts without an answer or with a server's error,
attempts refused, seconds since the first of the former began, the last one's name], `stop` [a reason, seconds to wait
for answers]. To a partition: `grant` [count, start_in, spacing, patience, era], `hurried` the same at once, `rest` the
minimum of seconds until all that the job has left is sent, `stop` as above, `hold`, `share` and `accepts` as in
`orders.py`.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from types import TracebackType
from typing import Self

from delivery.errors import CoordinatorLostError, PeerSilentError
from delivery.pacing.driver.admissions import Admissions
from delivery.pacing.driver.budget import Budget
from delivery.pacing.driver.cut_off import CutOff
from delivery.pacing.driver.orders import Orders
from delivery.pacing.driver.outage import OUTAGE_SECONDS, Outage
from delivery.pacing.driver.progress import Progress
from delivery.pacing.link import Link, Message
from delivery.pacing.pacer import DEAD_DRAIN_SECONDS, DRAIN_SECONDS
from delivery.task import CoordinatorAddress

_IDLE_SECONDS = 0.25
_END_SECONDS = 15.0


@dataclass(eq=False, slots=True)
class _Member:
    """A partition that has joined; `name` is its attempt's token, the same after it has rejoined."""

    link: Link
    name: str = ""
    partition: int = -1


class Coordinator:
    """The server that grants `limit` attempts per second to all who join with the key; use it as a context manager.

    `host` is the name or address by which executors reach the driver (`spark.driver.host`). `requests` is the minimum
    number that the whole job has to send, `partitions` the number of its partitions; 0: not known. `accepts`: whether
    the service accepted events of the same load in an earlier run.
    """

    def __init__(
        self,
        *,
        host: str,
        limit: float,
        requests: int = 0,
        partitions: int = 0,
        accepts: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budget = Budget(limit)
        self._requests = requests
        self._clock = clock
        self._admissions = Admissions(host, self._wake)
        self._selector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        self._members: set[_Member] = set()
        self._counts: dict[str, tuple[int, int, int, int]] = {}
        self._outage = Outage()
        self._cut_off = CutOff(partitions)
        self._left = 1.0
        self._orders = Orders(limit)
        self._orders.accepts = accepts
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="coordinator", daemon=True)

    @property
    def address(self) -> CoordinatorAddress:
        """Return the address for partitions to join; it contains the run's secret."""
        return self._admissions.address

    def __enter__(self) -> Self:
        for each in (self._admissions.server, self._woken):
            each.setblocking(False)
            self._selector.register(each, selectors.EVENT_READ)
        self._waker.setblocking(False)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._wake()
        self._thread.join(_END_SECONDS)

    def stop(self, reason: str, drain: float = DRAIN_SECONDS) -> None:
        """Have all partitions stop, and wait for their answers in flight for `drain` seconds.

        The first reason stays. It takes no lock: signal handlers may call it.
        """
        if self._orders.stop is None:
            self._orders.stop = (reason, drain)
        self._wake()

    def hold(self, *, holds: bool) -> None:
        """Pause all sending, for any time, or resume it."""
        self._orders.hold(holds=holds)
        self._wake()

    def set_rate(self, rate: float) -> None:
        """Grant `rate` attempts per second from now on, in place of the limit; it may change any number of times."""
        self._orders.rate = rate
        self._wake()

    def snapshot(self) -> Progress:
        """Return what the partitions have reported up to now."""
        counts = [(0, 0, 0, 0), *self._counts.values()]
        attempts, throttled, requests, events = map(sum, zip(*counts, strict=True))
        return Progress(
            request_attempts=attempts,
            throttled_attempts=throttled,
            requests_delivered=requests,
            events_delivered=events,
            partitions=len(self._members),
            rate=self._budget.rate,
            stop_reason=self._orders.stop[0] if self._orders.stop else None,
            paused=self._orders.holds,
        )

    def _wake(self) -> None:
        try:
            self._waker.send(b"!")
        except OSError:
            return  # it is being woken already, or has ended

    def _serve(self) -> None:
        try:
            while not self._closing:
                self._serve_once()
        finally:
            # For any reason that it ends: partitions that see their link closed go on at their static share.
            self._hang_up()

    def _serve_once(self) -> None:
        due = None if self._orders.holds else self._budget.due_in(self._clock())
        for key, _ in self._selector.select(_IDLE_SECONDS if due is None else min(due, _IDLE_SECONDS)):
            self._attend(key)
        self._welcome()
        self._stop_in_an_outage()
        self._pass_orders()
        if self._orders.holds:
            return
        now = self._clock()
        for kind, grants in (("hurried", self._budget.hurried(now)), ("grant", self._budget.grants(now))):
            for member, grant in grants:
                if isinstance(member, _Member):
                    self._send(member, {kind: astuple(grant)} | self._rest())

    def _attend(self, key: selectors.SelectorKey) -> None:
        if key.fileobj is self._admissions.server:
            self._admissions.accept()
        elif key.fileobj is self._woken:
            self._woken.recv(4096)
        elif key.data in self._members:
            self._listen_to(key.data)

    def _welcome(self) -> None:
        for member in map(_Member, self._admissions.take()):
            self._members.add(member)
            self._selector.register(member.link, selectors.EVENT_READ, member)
            if orders := self._orders.given():
                self._send(member, orders)

    def _listen_to(self, member: _Member) -> None:
        try:
            self._understand(member, member.link.read())
        except PeerSilentError:
            self._miss(member)
        except (CoordinatorLostError, TypeError, ValueError, OverflowError):
            self._drop(member)

    def _understand(self, member: _Member, message: Message) -> None:
        now = self._clock()
        member.name = str(message.get("from", member.name))
        if "partition" in message:
            member.partition = int(message["partition"])
            self._cut_off.joined(member.partition)
        for era, accepted, refused in message.get("answered", ()):
            self._budget.answered(int(era), int(accepted), int(refused), now)
        if "failed" in message:
            failed, refused, ago, name = message["failed"]
            self._learn_of_failures(int(failed), int(refused), now - float(ago), str(name))
        if "counts" in message:
            self._count(member, message["counts"], now)
        if "want" in message:
            self._budget.ask(member, int(message["want"]), now, int(message.get("left", 1)))
        if "hurry" in message and not self._orders.holds:
            self._hurry(member, now, int(message.get("left", 1)))
        if "stop" in message:
            reason, drain = message["stop"]
            self.stop(str(reason), float(drain))

    def _hurry(self, member: _Member, now: float, left: int) -> None:
        if grant := self._budget.hurry(member, now, left):
            self._send(member, {"hurried": astuple(grant)} | self._rest())

    def _count(self, member: _Member, counts: Sequence[int], now: float) -> None:
        attempts, throttled, requests, events = map(int, counts)
        before = self._counts.get(member.name, (0, 0, 0, 0))
        if requests > before[2]:
            self._outage.accepted(now)
            self._orders.accepts = True
        self._counts[member.name] = (attempts, throttled, requests, events)

    def _rest(self) -> Message:
        """Return the minimum of seconds until all that is left is sent."""
        delivered = sum(counts[2] for counts in self._counts.values())
        left = max(0, self._requests - delivered)
        return {"rest": left / self._budget.rate} if self._requests else {}

    def _learn_of_failures(self, failed: int, refused: int, began: float, name: str) -> None:
        self._outage.refused(refused)
        if failed:
            self._outage.failed(failed, began, name)

    def _stop_in_an_outage(self) -> None:
        if self._orders.holds:
            self._outage = Outage()  # nothing is accepted in a pause, which says nothing about the service
        elif self._orders.stop is None and self._outage.is_certain(self._clock()):
            self.stop(
                f"nothing is accepted any more: {self._outage.failures} attempts failed in more than"
                f" {OUTAGE_SECONDS:.0f} seconds without a success, the last one with {self._outage.name}",
                DEAD_DRAIN_SECONDS,
            )

    def _pass_orders(self) -> None:
        rate, left = self._orders.new_rate(), self._cut_off.left
        if rate is not None or left != self._left:
            self._left = left
            self._budget.set_limit(self._orders.rate * left)
        if news := self._orders.news():
            for member in list(self._members):
                self._send(member, news)

    def _send(self, member: _Member, message: Message) -> None:
        try:
            if member in self._members:
                member.link.send(message)
        except PeerSilentError:
            self._miss(member)
        except CoordinatorLostError:
            self._drop(member)

    def _miss(self, member: _Member) -> None:
        """Drop a partition that may go on sending; it waits for longer than it takes to grant less to the others."""
        self._cut_off.lost(member.partition)
        self._drop(member)

    def _drop(self, member: _Member) -> None:
        if member not in self._members:
            return  # its link broke while its message was still being read
        self._members.discard(member)
        self._budget.forget(member)
        self._selector.unregister(member.link)
        member.link.close()

    def _hang_up(self) -> None:
        self._admissions.close()
        self._welcome()
        for member in list(self._members):
            self._drop(member)
        self._selector.close()
        for each in (self._waker, self._woken):
            each.close()
