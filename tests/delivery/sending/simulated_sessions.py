"""A whole sending job on a simulated clock, session by session: real budget, pacers and workloads, no network.

Each partition does what `delivery.sending.sender` does without faults: it asks its pacer, sends what may go out, and
finishes what is answered. Messages to and from the driver take `link` seconds; all else is on time, unless a job's
`lateness` says otherwise. Nothing sleeps.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field
from itertools import count

from delivery.pacing.driver.budget import Budget
from delivery.pacing.link import Message
from delivery.pacing.partition.granted_pacer import GrantedPacer
from delivery.pacing.partition.static_pacer import StaticPacer
from delivery.pacing.slot_grant import SlotGrant
from delivery.packing import Batch, StagedEvent
from delivery.sending.workload import Request, Workload


@dataclass(frozen=True, slots=True)
class Session:
    """So many requests, sent one after the other, each answered after so many seconds."""

    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late things are at some time, in seconds: each look at what may be sent, each request on its way."""

    look: Callable[[float], float] = lambda _now: 0.0
    request: Callable[[float], float] = lambda _now: 0.0


ON_TIME = Lateness()


class Clock:
    """What happens when; the clock of everything."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def __call__(self) -> float:
        return self.now

    def after(self, seconds: float, happening: Callable[[], None]) -> None:
        """Have something happen in so many seconds."""
        heapq.heappush(self._events, (self.now + seconds, next(self._order), happening))

    def run(self, until: float) -> None:
        """Let everything happen that happens before `until`."""
        while self._events and self._events[0][0] < until:
            self.now, _, happening = heapq.heappop(self._events)
            happening()


class Driver:
    """The coordinator's part: the budget, and the minimum time of the rest."""

    def __init__(self, clock: Clock, limit: float, requests: int, link: float) -> None:
        self.budget = Budget(limit)
        self._clock = clock
        self._link = link
        self._requests = requests
        self._partitions: list[Partition] = []
        self._wake_at = float("inf")

    def join(self, partition: Partition) -> None:
        """Add a partition, which is known by its number from then on."""
        self._partitions.append(partition)

    def hear(self, number: int, message: Message) -> None:
        """Do what `Coordinator` does with a partition's message."""
        partition, now, left = self._partitions[number], self._clock.now, int(message.get("left", 1))
        partition.reported = message["counts"][2]
        if "want" in message:
            self.budget.ask(number, message["want"], now, left)
        if "hurry" in message and (grant := self.budget.hurry(number, now, left)):
            self._send(number, "hurried", grant)
        self._serve()

    def _serve(self) -> None:
        now = self._clock.now
        for kind, grants in (("hurried", self.budget.hurried(now)), ("grant", self.budget.grants(now))):
            for number, grant in grants:
                assert isinstance(number, int)
                self._send(number, kind, grant)
        due = self.budget.due_in(now)
        if due is not None and (self._wake_at <= now or now + due < self._wake_at - 1e-9):
            self._wake_at = now + max(due, 1e-6)
            self._clock.after(max(due, 1e-6), self._serve)

    def _send(self, number: int, kind: str, grant: SlotGrant) -> None:
        left = self._requests - sum(each.reported for each in self._partitions)
        message: Message = {kind: astuple(grant), "rest": left / self.budget.rate}
        self._clock.after(self._link, lambda: self._partitions[number].receive(message))


class PartitionLink:
    """A partition's connection to the driver."""

    def __init__(self, clock: Clock, driver: Driver, number: int, link: float) -> None:
        self._clock = clock
        self._driver = driver
        self._number = number
        self._link = link
        self.inbox: deque[Message] = deque()

    def send(self, message: Message) -> None:
        """Deliver it after its way."""
        sent = dict(message) | {"counts": list(message["counts"])}
        self._clock.after(self._link, lambda: self._driver.hear(self._number, sent))

    def receive(self, seconds: float) -> Message | None:  # noqa: ARG002
        """Take what has come."""
        return self.inbox.popleft() if self.inbox else None

    def close(self) -> None:
        """Hang up."""


@dataclass(eq=False, repr=False)
class Partition:
    """One sending partition; `file` holds its requests in the file's order, as (session's number, requests after)."""

    clock: Clock
    driver: Driver
    number: int
    sessions: Sequence[Session]
    file: Sequence[tuple[int, int]]
    link: float
    arrivals: list[float]
    lateness: Lateness = ON_TIME
    reported: int = 0
    ended_at: float = 0.0
    most_in_flight: int = 1000
    _in_flight: int = 0
    _looks_at: float = float("inf")
    _busy: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._wire = PartitionLink(self.clock, self.driver, self.number, self.link)
        self.driver.join(self)
        self._pacer = GrantedPacer(lambda: self._wire, StaticPacer(1.0, 0, self.clock), self.clock, "attempt")
        self._pacer.hear()
        self._work = Workload(map(_batch, self.file), len(self.file))
        self._look_in(0.0)

    @property
    def left(self) -> int:
        """How many requests are not finished."""
        return self._work.left

    def receive(self, message: Message) -> None:
        """Hear the driver, and look what may be done now."""
        self._wire.inbox.append(message)
        self._pacer.hear()
        self._look_in(0.0)

    def _look_in(self, seconds: float) -> None:
        at = self.clock.now + seconds
        if at < self._looks_at:
            self._looks_at = at
            self.clock.after(seconds + self.lateness.look(at), lambda: self._look(at))

    def _look(self, at: float) -> None:
        if at != self._looks_at:
            return  # it has looked since
        self._looks_at = float("inf")
        while self._in_flight < self.most_in_flight and (ready := self._work.ready(self.clock.now)):
            if (pause := self._pacer.wait(ready, self._work.left, self._work.requests_after)) > 0:
                self._look_in(max(pause, 1e-6))  # less would not move the clock
                return
            self._start(self._work.take())

    def _start(self, request: Request) -> None:
        envelope = request.batch.envelope
        assert envelope not in self._busy, "two requests of one session were in flight"
        self._busy.add(envelope)
        self._in_flight += 1
        request.began = self.clock.now
        ticket = self._pacer.spend()
        self.arrivals.append(self.clock.now + self.lateness.request(self.clock.now))
        self.clock.after(self.sessions[int(envelope)].seconds, lambda: self._answered(request, ticket))

    def _answered(self, request: Request, ticket: int) -> None:
        self._busy.remove(request.batch.envelope)
        self._in_flight -= 1
        self._pacer.observe(None, ticket, 1, took=self.clock.now - request.began)
        self._work.finish(request)
        self.ended_at = self.clock.now
        self._look_in(0.0)


def _batch(request: tuple[int, int]) -> Batch:
    session, after = request
    return Batch(b"%d" % session, (StagedEvent("", b"", b"", 0, after),))


class SessionsJob:
    """A job over `parts`, the sessions of each partition."""

    def __init__(
        self,
        limit: float,
        parts: Sequence[Sequence[Session]],
        link: float = 0.0005,
        lateness: Lateness = ON_TIME,
    ) -> None:
        self.limit = limit
        self.arrivals: list[float] = []
        self._clock = Clock()
        self._parts = parts
        requests = sum(each.requests for part in parts for each in part)
        driver = Driver(self._clock, limit, requests, link)
        self._partitions = [
            Partition(
                clock=self._clock,
                driver=driver,
                number=number,
                sessions=part,
                file=in_file_order(part),
                link=link,
                arrivals=self.arrivals,
                lateness=lateness,
            )
            for number, part in enumerate(parts)
        ]

    def run(self) -> float:
        """Send everything; return when the last answer came, in seconds."""
        self._clock.run(10 * self.best() + 60)
        assert all(each.left == 0 for each in self._partitions)
        return max(each.ended_at for each in self._partitions)

    def best(self, asking: float = 0.0) -> float:
        """No order ends earlier: all requests at the limit, the last one's answer, or the longest session alone.

        `asking`: the minimum time that it takes to ask the driver for a slot, and to get it, in seconds.
        """
        sessions = [each for part in self._parts for each in part]
        requests = sum(each.requests for each in sessions)
        alone = max(each.requests * (each.seconds + asking) for each in sessions)
        return max((requests - 1) / self.limit + min(each.seconds for each in sessions), alone)

    def longest_answer(self) -> float:
        """How long the slowest answer takes, in seconds."""
        return max(each.seconds for part in self._parts for each in part)


def in_file_order(sessions: Sequence[Session]) -> list[tuple[int, int]]:
    """A partition's requests as staging lays them out: request i of a session's k at (i + u) / k."""
    golden = (5**0.5 - 1) / 2
    placed = [
        ((request + number * golden % 1) / each.requests, number, each.requests - request - 1)
        for number, each in enumerate(sessions)
        for request in range(each.requests)
    ]
    return [(number, after) for _, number, after in sorted(placed)]
