"""Scripted stand-ins for what a sender works with, on a clock that only the sender's own waiting moves."""

from __future__ import annotations

import heapq
import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from delivery.pacing.pacer import DRAIN_SECONDS
from delivery.packing import StagedEvent, pack
from delivery.request import request_writer
from delivery.sending.inbox import Arrival
from delivery.sending.sender import Sender, SenderServices
from delivery.service.answer import ACCEPTED, Answer
from delivery.service.events_client import Done

THROTTLE = Answer(400, "ThrottlingException", "Rate exceeded")
BROKEN = Answer(500, "InternalFailure", "Internal server error")
SILENT = Answer(None, "AWS_ERROR_HTTP_CONNECTION_CLOSED")
INVALID = Answer(400, "InvalidInputException", "item-7 of user-3 is not valid")
FORBIDDEN = Answer(403, "AccessDeniedException", "User user-3 is not authorized")
EPOCH = 1_700_000_000.0


class SimulatedTime:
    """A clock, and the inbox that moves it: waiting for an answer jumps to the next thing that happens."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._arrivals: deque[Arrival] = deque()

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return EPOCH + self.now

    def after(self, seconds: float, happening: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._order), happening))

    def put(self, arrival: Arrival) -> None:
        self._arrivals.append(arrival)

    def take(self, seconds: float) -> Arrival | None:
        until = self.now + seconds
        while not self._arrivals and self._events and self._events[0][0] <= until:
            self.now, _, happening = heapq.heappop(self._events)
            happening()
        if self._arrivals:
            return self._arrivals.popleft()
        self.now = until
        return None


@dataclass
class Call:
    """One request as the service saw it."""

    at: float
    number: int  # 1 is the first
    body: dict[str, Any]

    @property
    def session(self) -> str:
        return str(self.body["sessionId"])

    @property
    def ids(self) -> list[str]:
        return [event["eventId"] for event in self.body["eventList"]]


Script = Callable[[Call], Answer]


def always(answer: Answer) -> Script:
    """Give every call the same answer."""
    return lambda _: answer


accept = always(ACCEPTED)


def on_call(**answers: Answer) -> Script:
    """`on_call(c2=THROTTLE)` accepts everything but the second call."""
    return lambda call: answers.get(f"c{call.number}", ACCEPTED)


def refusing(*bad: str) -> Script:
    """Refuse each request that holds one of these event ids."""
    return lambda call: INVALID if set(call.ids) & set(bad) else ACCEPTED


@dataclass
class FakeClient:
    """Answers each call as the script says, after `latency` seconds."""

    time: SimulatedTime
    script: Script = accept
    latency: float | Callable[[Call], float] = 0.03
    calls: list[Call] = field(default_factory=list)
    open_sessions: Counter[str] = field(default_factory=Counter)
    most_open: int = 0

    def send(self, body: bytes, done: Done) -> None:
        call = Call(self.time.now, len(self.calls) + 1, json.loads(body))
        self.calls.append(call)
        self.open_sessions[call.session] += 1
        assert self.open_sessions[call.session] == 1, "two requests of one session were in flight"
        self.most_open = max(self.most_open, self.open_sessions.total())
        latency = self.latency(call) if callable(self.latency) else self.latency
        self.time.after(latency, lambda: self._answer(call, done))

    def _answer(self, call: Call, done: Done) -> None:
        self.open_sessions[call.session] -= 1
        done(self.script(call))

    def close(self) -> None:
        pass


@dataclass
class FakePacer:
    """Allows `rate` attempts a second, evenly spaced."""

    time: SimulatedTime
    rate: float = 500.0
    stop_reason: str | None = None
    spent: list[float] = field(default_factory=list)
    observed: list[str | None] = field(default_factory=list)
    drain_seconds: float = DRAIN_SECONDS
    events: int = 0
    failures: list[tuple[float, str]] = field(default_factory=list)
    holds: bool = False
    accepts: bool = False
    _next: float = 0.0

    def wait(self, ready: int, left: int = 1, after: int = 0) -> float:  # noqa: ARG002 - one pace for all
        assert ready > 0
        if self.holds:
            return 1.0
        return max(0.0, self._next - self.time.now)

    def spend(self) -> int:
        assert self.time.now >= self._next, "an attempt went out before its time"
        assert self.stop_reason is None, "an attempt went out after the stop"
        assert not self.holds, "an attempt went out in a pause"
        self._next = max(self._next, self.time.now) + 1 / self.rate
        self.spent.append(self.time.now)
        return len(self.spent)

    def observe(
        self, fault: str | None, ticket: int, events: int = 0, *, took: float = 0.0, name: str = ""
    ) -> None:
        assert 1 <= ticket <= len(self.spent)
        self.observed.append(fault)
        self.accepts = self.accepts or fault is None
        if fault is not None:
            self.failures.append((took, name))
        self.events += events

    def stop_all(self, reason: str, drain: float = DRAIN_SECONDS) -> None:
        if self.stop_reason is None:
            self.stop_reason, self.drain_seconds = reason, drain

    def close(self) -> None:
        pass


@dataclass
class FakeLedger:
    """Remembers what was accepted and when."""

    ids: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    failure: str | None = None
    unwritten_seconds: float = 0.0

    def accepted(self, events: Sequence[StagedEvent], at: float) -> None:
        self.ids.extend(event.event_id for event in events)
        self.times.append(at)


@dataclass
class FakeDeadLetters:
    """Remembers the dead letters, by event id."""

    letters: dict[str, tuple[str, str, str | None, int]] = field(default_factory=dict)
    failure: str | None = None

    def add(self, event: StagedEvent, code: str, message: str | None, attempts: int) -> None:
        assert event.event_id not in self.letters
        self.letters[event.event_id] = (event.body.decode(), code, message, attempts)


def staged(session: str, *numbers: int) -> list[StagedEvent]:
    """Events of one session; their ids are `<session>-<number>`."""
    envelope = f'{{"userId":"u-{session}","sessionId":"{session}"}}'.encode()
    return [
        StagedEvent(
            f"{session}-{number}",
            envelope,
            f'{{"eventId":"{session}-{number}","eventType":"view","itemId":"i","sentAt":{number}}}'.encode(),
        )
        for number in numbers
    ]


def many_sessions(sessions: int, events: int = 10) -> list[StagedEvent]:
    return [event for number in range(sessions) for event in staged(f"s{number}", *range(events))]


class Stage:
    """A sender among fakes: `run` it, then look at what they saw."""

    def __init__(
        self,
        events: Iterable[StagedEvent],
        script: Script = accept,
        *,
        latency: float | Callable[[Call], float] = 0.03,
        rate: float = 500.0,
        max_attempts: int = 8,
        seed: int = 1,
    ) -> None:
        self.time = SimulatedTime()
        self.client = FakeClient(self.time, script, latency)
        self.pacer = FakePacer(self.time, rate)
        self.ledger = FakeLedger()
        self.dead = FakeDeadLetters()
        services = SenderServices(
            client=self.client,
            pacer=self.pacer,
            ledger=self.ledger,
            dead_letters=self.dead,
            write=request_writer("tracker"),
            inbox=self.time,
            monotonic=self.time.monotonic,
            wall=self.time.wall,
            random=Random(seed).random,  # noqa: S311 - jitter, not a secret
            alive=self._count_turn,
        )
        self.sender = Sender(pack(events, 10), max_attempts, services)
        self.tally = self.sender.tally
        self.turns = 0

    def _count_turn(self) -> None:
        self.turns += 1

    def run(self) -> str | None:
        return self.sender.run()
