"""The one retry loop: send a partition's batches, with retries, and record how each event ended.

All decisions are made in one thread; answers come in through the inbox. Throttled and transient failures
are sent again after a wait, refused content is halved until the bad event is alone, and a fatal failure
stops the whole job. Client, pacer, ledger, dead letters, clocks and randomness are passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from delivery.errors import AnswerOverdueError
from delivery.pacing.pacer import DEAD_DRAIN_SECONDS, DRAIN_SECONDS, Pacer
from delivery.packing import Batch, StagedEvent
from delivery.sending import backoff
from delivery.sending.circuit import Circuit
from delivery.sending.inbox import Arrival, Inbox
from delivery.sending.tally import Tally
from delivery.sending.workload import Request, Workload
from delivery.service import faults
from delivery.service.answer import Answer
from delivery.service.events_client import EventsClient
from delivery.service.faults import Fault

# The maximum number of requests in flight. The actual number follows from the pace and the service's latency:
# 1,000 carry the default quota, 1,000 requests/s, at a latency of one second.
MAX_IN_FLIGHT = 1000
# A client gives each request an answer, of its own making if need be, within half of this.
ANSWER_SECONDS = 30.0
# Nothing is started while the ledger lacks a record that is older: five seconds may be lost, less what a turn takes.
MAX_UNWRITTEN_SECONDS = 4.5
# The longest sleep: a "stop" from elsewhere is noticed within it.
TICK_SECONDS = 0.2


class Ledger(Protocol):
    """The record of accepted events."""

    def accepted(self, events: Sequence[StagedEvent], at: float) -> None:
        """Record events that the service accepted at that Unix time."""

    @property
    def unwritten_seconds(self) -> float:
        """Return the age of the oldest record that is not on storage yet; 0 if all are."""
        ...

    @property
    def failure(self) -> str | None:
        """Return why nothing can be recorded any more, None while it can."""
        ...


class DeadLetters(Protocol):
    """The record of events that the service refused or that ran out of attempts."""

    def add(self, event: StagedEvent, code: str, message: str | None, attempts: int) -> None:
        """Record an event with its last answer."""

    @property
    def failure(self) -> str | None:
        """Return why nothing can be recorded any more, None while it can."""
        ...


@dataclass(frozen=True, slots=True)
class SenderServices:
    """The services of a sender. `monotonic` and `wall` are clocks in seconds, `random` draws from [0, 1).

    `alive` is called again and again for as long as the sender moves.
    """

    client: EventsClient
    pacer: Pacer
    ledger: Ledger
    dead_letters: DeadLetters
    write: Callable[[Batch], bytes]
    inbox: Inbox
    monotonic: Callable[[], float]
    wall: Callable[[], float]
    random: Callable[[], float]
    alive: Callable[[], None]


class Sender:
    """A sender of one partition's batches, each event at least once unless the run is stopped; use it once.

    `events`: how many events `batches` holds, as far as that is known. `tally` may be read at any time; it holds what
    has been done so far.
    """

    def __init__(
        self, batches: Iterator[Batch], max_attempts: int, services: SenderServices, events: int = 0
    ) -> None:
        self.tally = Tally()
        self._work = Workload(batches, events)
        self._max_attempts = max_attempts
        self._services = services
        self._pacer = services.pacer
        self._circuit = Circuit()
        self._in_flight = 0
        self._heard_at = 0.0

    def run(self) -> str | None:
        """Send until nothing is left or something says stop; the reason why something is left, else None.

        What the batches' iterator raises is raised again, once the requests in flight have their answers.

        Raises:
            AnswerOverdueError: the client gives no answers.
        """
        try:
            while self._may_go_on() and self._has_work():
                self._services.alive()
                if self._pacer.holds or self._is_unrecorded():
                    self._circuit.succeeded()  # failures before and after a pause are not one series
                self._absorb(self._dispatch())
                self._require_answers()
        finally:
            self._drain()
        return self._pacer.stop_reason if self._has_work() else None

    def _may_go_on(self) -> bool:
        """Return whether the sender may go on; events that can't be recorded must not be sent."""
        failure = self._services.ledger.failure or self._services.dead_letters.failure
        if failure is not None:
            self._pacer.stop_all(failure)
        return self._pacer.stop_reason is None

    def _require_answers(self) -> None:
        if self._in_flight and self._services.monotonic() - self._heard_at > ANSWER_SECONDS:
            raise AnswerOverdueError(
                f"The HTTP client gave no answer to {self._in_flight} requests for {ANSWER_SECONDS:.0f} seconds."
            )

    def _has_work(self) -> bool:
        return self._work.ready(self._services.monotonic()) > 0 or self._work.held > 0

    def _dispatch(self) -> float:
        """Start every request that may be sent now; return the seconds until the next one might."""
        while self._may_start() and (ready := self._work.ready(self._services.monotonic())):
            if (pause := self._pacer.wait(ready, self._work.left, self._work.requests_after)) > 0:
                return min(pause, TICK_SECONDS)
            self._start(self._work.take())
        due = self._work.next_due()
        if due is None or not self._may_start():
            return TICK_SECONDS
        return min(max(due - self._services.monotonic(), 0.0), TICK_SECONDS)

    def _may_start(self) -> bool:
        return self._in_flight < MAX_IN_FLIGHT and not self._is_unrecorded()

    def _is_unrecorded(self) -> bool:
        """Return whether the ledger is too far behind: after a crash, all that it lacks goes out again."""
        return self._services.ledger.unwritten_seconds >= MAX_UNWRITTEN_SECONDS

    def _start(self, request: Request) -> None:
        put = self._services.inbox.put
        ticket = self._pacer.spend()
        request.attempts += 1
        request.tries += 1
        request.began = self._services.monotonic()
        if not self._in_flight:
            self._heard_at = request.began
        self._in_flight += 1
        self.tally.attempted(self._services.wall())
        body = self._services.write(request.batch)
        self._services.client.send(body, lambda answer: put(Arrival(request, ticket, answer)))

    def _absorb(self, seconds: float) -> None:
        """Wait at most that long for an answer, then handle all that have arrived."""
        arrival = self._services.inbox.take(seconds)
        while arrival is not None:
            self._handle(arrival)
            arrival = self._services.inbox.take(0.0)

    def _drain(self) -> None:
        """Wait for the answers in flight: what the service accepts now must be in the ledger too."""
        began = self._services.monotonic()
        while self._in_flight and self._services.monotonic() < began + self._pacer.drain_seconds:
            self._absorb(TICK_SECONDS)

    def _handle(self, arrival: Arrival) -> None:
        request, ticket, answer = arrival
        self._in_flight -= 1
        self._heard_at = self._services.monotonic()
        took = self._heard_at - request.began
        now = self._services.wall()
        fault = faults.classify(answer)
        if fault is None:
            self._pacer.observe(None, ticket, len(request.batch.events), took=took)
            self._accept(request, now)
        else:
            self._pacer.observe(fault.value, ticket, took=took, name=faults.name(answer))
            self.tally.failed(fault, now)
            self._fail(request, answer, fault)

    def _accept(self, request: Request, now: float) -> None:
        events = request.batch.events
        self._services.ledger.accepted(events, now)
        self.tally.accepted(len(events), now)
        self._circuit.succeeded()
        self._work.finish(request)

    def _fail(self, request: Request, answer: Answer, fault: Fault) -> None:
        if fault is Fault.FATAL:
            self._pacer.stop_all(faults.explain(answer))
        elif self._circuit.failed(fault, self._services.monotonic(), accepts=self._pacer.accepts):
            drain = DEAD_DRAIN_SECONDS if fault is Fault.TRANSIENT else DRAIN_SECONDS
            self._pacer.stop_all(faults.explain_silence(answer, fault), drain)
        # After a stop nothing is judged: what was not accepted stays for the next run.
        if self._pacer.stop_reason is None:
            self._resolve(request, answer, fault)

    def _resolve(self, request: Request, answer: Answer, fault: Fault) -> None:
        if answer.renewed:
            request.tries -= 1  # it was refused for its signature, and the next one is better
        if fault is Fault.POISON and len(request.batch.events) > 1:
            self._work.split(request)
        elif fault is Fault.POISON:
            self._bury(request, answer)
        elif request.tries >= self._max_attempts:
            self.tally.events_given_up += len(request.batch.events)
            self._bury(request, answer)
        else:
            throttled = fault is Fault.THROTTLED
            wait = backoff.wait(request.tries, throttled=throttled, random=self._services.random)
            self._work.retry_at(request, self._services.monotonic() + wait)

    def _bury(self, request: Request, answer: Answer) -> None:
        code = faults.name(answer)
        for event in request.batch.events:
            self._services.dead_letters.add(event, code, answer.message, request.attempts)
        self.tally.events_dead_lettered += len(request.batch.events)
        self._work.finish(request)
