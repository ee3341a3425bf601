"""The job's one schedule of attempts: evenly spaced slots, granted to the partitions that are sending.

Pure: no I/O and no clock; `now` is passed in, in seconds on one clock. `coordinator.py` transports the
grants, `granted_pacer.py` uses them.

Slots follow each other at the rate that the service grants, never above the limit. They are granted only
shortly before they are due, so a partition that dies or finishes wastes next to none, and past slots are
gone: there is no credit for idle time. So in no second do the attempts of all partitions together exceed
`limit` by more than 5 %, or by more than one request below 20 a second.
"""

from __future__ import annotations

import math
from collections.abc import Hashable

from delivery.pacing.driver.granted_rate import GrantedRate
from delivery.pacing.driver.hurried_slots import HurriedSlots
from delivery.pacing.driver.turns import Turns
from delivery.pacing.slot_grant import HURRY_SECONDS, SlotGrant

# A first slot is granted this long before it is due. A round of grants lasts about half as long, so that each
# partition has its next grant before it has used up the last.
LEAD_SECONDS = 0.1
_ROUND_SHARE = 0.5
_COUNT_SECONDS = 0.05
# While sessions that must not wait get slots out of turn, little is granted ahead: it would be in their way.
_HURRIED_LEAD_SECONDS = 0.015
_HURRIED_SECONDS = 1.0
# Up to this many slots out of turn may be ahead of the plan, if the limit has room: two, or this share of it.
_HURRIED_SHARE = 0.015
_MIN_HURRIED = 2
# At most this many grants a second, at any rate: what one driver thread can handle with ease.
_GRANTS_PER_SECOND = 1000
# After idle time the first slot is this far ahead: the time to reach the partition.
_START_SECONDS = 0.005
# Attempts may be at least this late on their way to the service, and still arrive within the limit.
_JITTER_SECONDS = 0.015
# Below so many requests per second one request more is allowed in a second, and the pace leaves room for another.
_SMALL_LIMIT = 20
_PATIENCE_SECONDS = (0.005, 0.030)
_SMALL_LIMITS_PATIENCE_SECONDS = 0.25
_ACTIVE_SECONDS = 1.0


class Budget:
    """The slots of the whole job, granted at no more than `limit` attempts per second.

    If partitions want more slots than there are, each gets its share by the requests that it has left, so that all of
    them end at the same time.
    """

    def __init__(self, limit: float) -> None:
        self._granted = GrantedRate(pace_of(limit))
        self._late_free = free_lateness(limit)
        self._hurried = HurriedSlots(out_of_turn(limit))
        self._late_hurried = hurried_lateness(limit)
        self._hurried_at = -math.inf
        # The latest arrival of a slot that may be used later than is allowed while slots are given out of turn.
        self._late_until = -math.inf
        # Who wants a slot at once and could not have one yet, and until when.
        self._waiting: dict[Hashable, float] = {}
        self._turns = Turns()
        # Who is queued for that slot alone, and needs no turn any more once it has it.
        self._queued_by_hurry: set[Hashable] = set()
        self._seen: dict[Hashable, float] = {}
        self._active = 1
        self._active_weight = 1.0
        self._counted_at = -math.inf
        self._next = -math.inf

    @property
    def rate(self) -> float:
        """Return the attempts per second that are being granted when there is work."""
        return self._granted.rate

    def set_limit(self, limit: float) -> None:
        """Grant at no more than `limit` attempts per second from the next slot on.

        That slot comes one new spacing after the last granted one: a higher limit makes up for nothing, and
        a lower one takes nothing back.
        """
        before = 1.0 / self.rate
        self._granted.set_ceiling(pace_of(limit))
        self._late_free = free_lateness(limit)
        self._hurried = HurriedSlots(out_of_turn(limit))
        self._late_hurried = hurried_lateness(limit)
        self._next += 1.0 / self.rate - before

    def ask(self, who: Hashable, want: int, now: float, left: int = 1) -> None:
        """Queue a partition for up to `want` slots; one that is queued already keeps its place.

        `left`: about how many requests it still has to send.
        """
        if want > 0:
            self._queued_by_hurry.discard(who)
            self._turns.ask(who, want, max(1, left))
            self._seen[who] = now

    def hurry(self, who: Hashable, now: float, left: int = 1) -> SlotGrant | None:
        """Return one slot for right now, for a session that must not wait; None if it has to.

        Slots that are not granted yet are moved back to make room. A partition that has to wait gets its slot from
        `hurried`, unless that takes too long or its turn comes first.
        """
        self._hurried_at = now
        if (grant := self._at_once(now)) is None:
            self._waiting[who] = now + HURRY_SECONDS
            if who not in self._turns:
                self.ask(who, 1, now, left)
                self._queued_by_hurry.add(who)
        return grant

    def hurried(self, now: float) -> list[tuple[Hashable, SlotGrant]]:
        """Return the slots for right now that had to wait, each with its partition."""
        self._waiting = {who: until for who, until in self._waiting.items() if now <= until}
        given: list[tuple[Hashable, SlotGrant]] = []
        while self._waiting and (grant := self._at_once(now)) is not None:
            who = next(iter(self._waiting))
            del self._waiting[who]
            if who in self._queued_by_hurry:
                self._turns.withdraw(who)  # a second slot would pass unused
            given.append((who, grant))
        return given

    def _at_once(self, now: float) -> SlotGrant | None:
        # No second may contain both a slot out of turn and one that is used later than is allowed next to it.
        if self._late_hurried < self._late_free and now < self._late_until + 1.0:
            return None
        if not self._hurried.may_give(now, max(self._next, now)):
            return None
        slot = 1.0 / self.rate
        self._next = max(self._next, now) + slot
        self._granted.use(slot)
        return SlotGrant(1, 0.0, slot, self._late_hurried, self._granted.era)

    def _hurries(self, now: float) -> bool:
        return now - self._hurried_at < _HURRIED_SECONDS

    def forget(self, who: Hashable) -> None:
        """Take a partition out of the queue: it has finished, or its connection is gone."""
        self._turns.forget(who)
        self._queued_by_hurry.discard(who)
        self._waiting.pop(who, None)
        self._seen.pop(who, None)

    def answered(self, era: int, accepted: int, refused: int, now: float) -> None:
        """Record how attempts with the ticket `era` ended; `refused` counts those throttled."""
        self._granted.answered(era, accepted, refused, now)

    def due_in(self, now: float) -> float | None:
        """Return the seconds until `grants` or `hurried` has something to grant; None while no partition asks."""
        due = [self._next - self._lead(now)] if self._turns else []
        if self._waiting:
            due.append(self._hurried.made_up_at())
        return max(0.0, min(due) - now) if due else None

    def grants(self, now: float) -> list[tuple[Hashable, SlotGrant]]:
        """Return the grants to hand out now, each with its partition."""
        given: list[tuple[Hashable, SlotGrant]] = []
        while self._turns and self._next - self._lead(now) <= now:
            given += self._grant_round(now)
        return given

    def _lead(self, now: float) -> float:
        """Return how long ahead slots are granted."""
        return _HURRIED_LEAD_SECONDS if self._hurries(now) else LEAD_SECONDS

    def _grant_round(self, now: float) -> list[tuple[Hashable, SlotGrant]]:
        """Grant slots to the partitions at the head of the queue, interleaved one by one."""
        start = max(self._next, now + _START_SECONDS)
        count, group = self._take_group(now)
        if len(set(group)) == 1:
            count, group = count * len(group), group[:1]
        slot = 1.0 / self.rate
        seconds = len(group) * count * slot
        # A rate that is half idle has not been tried: idle time counts against use.
        idle = start - self._next if self._next > -math.inf else 0.0
        self._next = start + seconds
        self._granted.use(max(0.0, seconds - idle))
        patience = self._late_hurried if self._hurries(now) else self._late_free
        if patience > self._late_hurried:
            self._late_until = self._next - slot + patience + _JITTER_SECONDS
        spacing, era = len(group) * slot, self._granted.era
        return [
            (who, SlotGrant(count, start - now + number * slot, spacing, patience, era))
            for number, who in enumerate(group)
        ]

    def _take_group(self, now: float) -> tuple[int, list[Hashable]]:
        """Take the next partitions that want a full grant, some more than once, or one that wants less."""
        count = self._fair_count(now)
        share = self._turns.weight() / self._active_weight
        places = min(math.ceil(self._active * share), int(self._lead(now) * self.rate / count))
        return self._turns.take(count, max(1, places))

    def _fair_count(self, now: float) -> int:
        fair = int(self.rate * self._lead(now) * _ROUND_SHARE / self._count_active(now))
        return max(1, math.ceil(self.rate / _GRANTS_PER_SECOND), fair)

    def _count_active(self, now: float) -> int:
        """Return how many partitions have asked recently; recounted now and then, since it takes a pass."""
        if now - self._counted_at >= _COUNT_SECONDS:
            self._counted_at = now
            recent = {
                who: at for who, at in self._seen.items() if now - at < _ACTIVE_SECONDS or who in self._turns
            }
            self._seen = recent
            self._active = max(1, len(recent))
            self._active_weight = max(1.0, sum(map(self._turns.weight_of, recent)))
        return self._active


def allowed_in_a_second(limit: float) -> int:
    """Return the maximum attempts in any one second: 5 % over the limit, below 20 a second one request."""
    return math.floor(limit * 1.05 if limit >= _SMALL_LIMIT else limit + 1)


def out_of_turn(limit: float) -> int:
    """Return how many slots may be used within a second before the plan makes room for them; below 20 a second none.

    As many as the limit allows beyond what the plan has in a second, and in the time that its slots may be late.
    """
    if limit < _SMALL_LIMIT:
        return 0
    return min(_room(limit, hurried_lateness(limit)), max(_MIN_HURRIED, int(limit * _HURRIED_SHARE)))


def hurried_lateness(limit: float) -> float:
    """Return the seconds that a slot may be used late while some are given out of turn.

    Where whole requests leave no room for both, at some limits below 60 requests a second, slots may be less late.
    """
    usual = free_lateness(limit)
    return usual if limit < _SMALL_LIMIT or _room(limit, usual) else min(usual, _PATIENCE_SECONDS[0])


def _room(limit: float, late: float) -> int:
    """Return how many more than the plan's slots are allowed in a second, where those may be so late."""
    planned = pace_of(limit) * (1.0 + late + _JITTER_SECONDS)
    return max(0, allowed_in_a_second(limit) - math.ceil(planned))


def pace_of(limit: float) -> float:
    """Return the rate at which slots are granted, so far below the limit that no second sees more than is allowed.

    What lateness and slots out of turn (`out_of_turn`) add stays within the 5 %.
    """
    return limit * (0.98 if limit >= _SMALL_LIMIT else 0.9)


def free_lateness(limit: float) -> float:
    """Return the seconds that a slot may be used late without exceeding what is allowed in any second.

    At the pace, one attempt more than a second allows takes `allowed / pace` seconds. Half of the time beyond
    one second is for lateness here, half (or the usual jitter) for the network to the service.
    """
    room = allowed_in_a_second(limit) / pace_of(limit) - 1.0
    min_patience, max_patience = _PATIENCE_SECONDS
    if limit < _SMALL_LIMIT:
        max_patience = _SMALL_LIMITS_PATIENCE_SECONDS
    return min(max_patience, max(min_patience, room - max(_JITTER_SECONDS, room / 2)))
