"""A whole sending job on a simulated clock: the real `Budget`, simulated partitions, network and service.

It finds out what the service sees, attempt by attempt, in a world as slow, jittery and deadly as asked for.
Only the budget is real. Nothing sleeps; the same seed gives the same job.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import TypeVar

import numpy as np

from delivery.pacing.driver.budget import Budget
from delivery.pacing.slot_grant import SlotGrant

REPORT_SECONDS = 0.1
PLENTY = 10**9
"""A partition's work that no test comes to the end of."""
Grants = Callable[[float], bool]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class World:
    """What surrounds the budget; seconds everywhere, each delay drawn evenly from 0 to its most.

    link       one way between a partition and the driver
    network    from a partition to the service: with `link`, what the budget's headroom allows for is 15 ms
    wake_up    how late a partition's thread uses a slot
    latency    from an attempt's arrival to its answer (fixed)
    stalls     (partition, from, to): it can do nothing in that time
    deaths     (partition, at): it is gone, with all its grants
    """

    link: float = 0.002
    network: float = 0.010
    wake_up: float = 0.003
    latency: float = 0.03
    stalls: tuple[tuple[int, float, float], ...] = ()
    deaths: tuple[tuple[int, float], ...] = ()


_CALM = World()


@dataclass(slots=True)
class SimulatedPartition:
    """One sending partition: how much it has left, and what it holds."""

    work: int
    unspent: int = 0
    in_flight: int = 0
    asking: bool = False
    dead: bool = False
    stalled: list[tuple[float, float]] = field(default_factory=list)


class SimulatedJob:
    """Runs partitions with so many attempts of work each.

    `grants(at)` is the service's quota; without it everything is accepted.
    """

    def __init__(
        self,
        limit: float,
        work: list[int],
        world: World = _CALM,
        seed: int = 1,
        grants: Grants | None = None,
    ) -> None:
        self.budget = Budget(limit)
        self.now = 0.0
        self.arrivals: list[float] = []
        self.refusals: list[float] = []
        self.messages = 0
        self.budget_seconds = 0.0
        self._world = world
        self._random = random.Random(seed)  # noqa: S311  (chance, not secrecy)
        self._grants = grants or (lambda _at: True)
        self._partitions = [SimulatedPartition(each) for each in work]
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._sequence = 0
        self._wake_at = float("inf")
        self._answers: dict[tuple[int, int], list[int]] = {}
        for number, start, end in world.stalls:
            self._partitions[number].stalled.append((start, end))
        for number, at in world.deaths:
            self._at(at, partial(self._die, number))
        for number in range(len(work)):
            self._at(self._random.uniform(0, 0.05), partial(self._want, number))

    def run(self, seconds: float) -> SimulatedJob:
        """Let so many simulated seconds pass, or fewer if the work is done."""
        until = self.now + seconds
        while self._events and self._events[0][0] <= until:
            self.now, _, action = heapq.heappop(self._events)
            action()
        return self

    @property
    def left(self) -> int:
        """Attempts that living partitions still have to make."""
        return sum(each.work + each.in_flight for each in self._partitions if not each.dead)

    def busiest_second(self) -> int:
        """The most attempts that reached the service in any one second, wherever that second begins."""
        return busiest_second(self.arrivals)

    def used(self, start: float, end: float) -> float:
        """Attempts per second at the service from `start` to `end`."""
        return sum(start <= at < end for at in self.arrivals) / (end - start)

    def refused(self, start: float, end: float) -> float:
        """The share of the attempts from `start` to `end` that the service throttled."""
        attempts = sum(start <= at < end for at in self.arrivals)
        return sum(start <= at < end for at in self.refusals) / max(1, attempts)

    def _at(self, when: float, action: Callable[[], None]) -> None:
        self._sequence += 1
        heapq.heappush(self._events, (when, self._sequence, action))

    def _delay(self, max_seconds: float) -> float:
        return self._random.uniform(0, max_seconds)

    def _want(self, number: int) -> None:
        partition = self._partitions[number]
        want = partition.work - partition.unspent
        if partition.dead or partition.asking or want <= 0:
            return
        partition.asking = True
        self.messages += 1
        self._at(self.now + self._delay(self._world.link), lambda: self._ask(number, min(want, 4096)))

    def _ask(self, number: int, want: int) -> None:
        if not self._partitions[number].dead:
            self._timed(lambda: self.budget.ask(number, want, self.now))
            self._serve()

    def _serve(self) -> None:
        for number, grant in self._timed(lambda: self.budget.grants(self.now)):
            self.messages += 1
            self._at(self.now + self._delay(self._world.link), partial(self._receive, number, grant))
        due = self._timed(lambda: self.budget.due_in(self.now))
        if due is not None and (self._wake_at <= self.now or self.now + due < self._wake_at - 1e-9):
            self._wake_at = self.now + max(due, 1e-6)
            self._at(self._wake_at, self._serve)

    def _receive(self, number: int, grant: SlotGrant) -> None:
        partition = self._partitions[number]
        partition.asking = False
        partition.unspent += grant.count
        for place in range(grant.count):
            slot = self.now + grant.start_in + place * grant.spacing
            use = self._ready_at(partition, slot + self._delay(self._world.wake_up))
            self._at(max(use, self.now), partial(self._spend, number, slot, grant))
        self._want(number)

    def _ready_at(self, partition: SimulatedPartition, when: float) -> float:
        return max([when, *(end for start, end in partition.stalled if start <= when < end)])

    def _spend(self, number: int, slot: float, grant: SlotGrant) -> None:
        partition = self._partitions[number]
        partition.unspent -= 1
        if partition.dead or partition.work <= 0:
            return
        late = self.now - slot
        if late <= grant.patience:
            partition.work -= 1
            partition.in_flight += 1
            self._at(self.now + self._delay(self._world.network), lambda: self._arrive(number, grant.era))
        self._want(number)

    def _arrive(self, number: int, era: int) -> None:
        accepted = self._grants(self.now)
        self.arrivals.append(self.now)
        if not accepted:
            self.refusals.append(self.now)
        self._at(self.now + self._world.latency, lambda: self._answer(number, era, accepted))

    def _answer(self, number: int, era: int, accepted: bool) -> None:  # noqa: FBT001
        partition = self._partitions[number]
        partition.in_flight -= 1
        partition.work += not accepted
        counts = self._answers.setdefault((number, era), [0, 0])
        counts[not accepted] += 1
        if sum(counts) == 1:
            self._at(self.now + self._delay(REPORT_SECONDS), lambda: self._report(number, era))
        if not accepted:
            self._want(number)

    def _report(self, number: int, era: int) -> None:
        accepted, refused = self._answers.pop((number, era))
        if not self._partitions[number].dead:
            self.messages += 1
            self._timed(lambda: self.budget.answered(era, accepted, refused, self.now))

    def _die(self, number: int) -> None:
        self._partitions[number].dead = True
        self.budget.forget(number)

    def _timed(self, call: Callable[[], T]) -> T:
        start = perf_counter()
        result = call()
        self.budget_seconds += perf_counter() - start
        return result


def busiest_second(times: list[float]) -> int:
    """Return the maximum number of `times` in any half-open second."""
    if not times:
        return 0
    ordered = np.sort(np.array(times))
    ends = np.searchsorted(ordered, ordered + 1.0, side="left")
    return int((ends - np.arange(len(ordered))).max())


def steady_quota(per_second: Callable[[float], float], burst_seconds: float) -> Grants:
    """Return a token bucket that fills at `per_second(at)` and holds `burst_seconds` of it, at least one token."""
    state = {"tokens": max(1.0, per_second(0.0) * burst_seconds), "at": 0.0}

    def grants(at: float) -> bool:
        rate = per_second(at)
        state["tokens"] = min(max(1.0, rate * burst_seconds), state["tokens"] + (at - state["at"]) * rate)
        state["at"] = at
        granted = state["tokens"] >= 1.0
        state["tokens"] -= granted
        return granted

    return grants


def window_quota(per_second: Callable[[float], float]) -> Grants:
    """Return a quota that counts each second of the clock by itself, as many services do."""
    state = {"second": -1, "left": 0.0}

    def grants(at: float) -> bool:
        if int(at) != state["second"]:
            state.update(second=int(at), left=per_second(at))
        granted = state["left"] >= 1.0
        state["left"] -= granted
        return granted

    return grants
