"""The plan of a run: how many requests, how full, how long, what they cost, and whether a bulk import fits better.

`jobs.plan.planning` computes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from jobs.plan.import_advice import ImportAdvice
from jobs.plan.ways import Way


@dataclass(frozen=True, slots=True)
class NotFull:
    """Requests with fewer than ten events, by cause. Each such request counts once.

    `anonymous`: of sessions without a user, of any length, since no other session can join them;
    `short_sessions`: of users' sessions that have fewer than ten events in all; `session_ends`: the last
    ones of users' longer sessions.
    """

    short_sessions: int
    anonymous: int
    session_ends: int


@dataclass(frozen=True, slots=True)
class PerUser:
    """The effect of one session for each user: requests in all, and how many fewer that is.

    Anonymous events keep the sessions that they have.
    """

    requests: int
    requests_saved: int


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds of sending at the configured limit and at the service's default quota, if nothing is retried."""

    requests_per_second: float
    seconds: float
    default_quota: int
    seconds_at_default_quota: float


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of the requests' bodies: their bytes, and the charge, None without a price (`plan.price_per_gb`)."""

    bytes: int
    amount: float | None
    price_per_gb: float | None


@dataclass(frozen=True, slots=True)
class Need:
    """A need: how much there is, how much is needed (or allowed, if `at_most`), and what follows if it is not met.

    `is_met` is about these events alone.
    """

    name: str
    has: int
    needs: int
    is_met: bool
    consequence: str
    source: str
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole plan. `events_per_request[i]` is the number of requests with i + 1 events.

    `longest_session_requests`: a session's requests are sent one after the other, each after the answer to
    the one before, so a run takes at least so many answer times at any limit. `first_contact`: whether the
    ledger has nothing of the tracking ID yet. `model_needs`: what a model needs of the events, met or not.
    """

    events: int
    requests: int
    events_per_request: tuple[int, ...]
    not_full: NotFull
    per_user: PerUser
    longest_session_requests: int
    duration: Duration
    cost: Cost
    bulk_import: ImportAdvice
    first_contact: bool = False
    ways: tuple[Way, ...] = ()
    model_needs: tuple[Need, ...] = ()
