"""Compute the plan of a run from the lengths of its staged sessions. Pure arithmetic."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from jobs.plan.delivery_plan import Cost, Duration, NotFull, PerUser, Plan
from jobs.plan.import_advice import advise
from jobs.plan.model_needs import Counted, model_needs
from jobs.plan.ways import Files, ways
from transforms.request_order import EVENTS_PER_REQUEST
from transforms.session_lengths import SessionLength, Unmatched, UserLength

DEFAULT_QUOTA = 1000
"""PutEvents requests per second of a dataset group (AWS developer guide, "Endpoints and quotas"); adjustable."""

_BYTES_PER_GB = 10**9  # which GB is charged is not documented: the smaller one gives the higher cost
# What `delivery.request` writes around the envelope's inside and the events' JSON, the tracking ID aside.
_FRAME_BYTES = len('{"trackingId":,') + len(',"eventList":[') + len("]}") - len("{}")


@dataclass(frozen=True, slots=True)
class Lengths:
    """The counts: staged sessions and users by number of events, sessions without a user, and an import's files."""

    sessions: tuple[SessionLength, ...] = ()
    users: tuple[UserLength, ...] = ()
    files: Files | None = None
    unmatched: Unmatched = field(default_factory=Unmatched)


def plan(
    lengths: Lengths,
    tracking_id: str,
    requests_per_second: float,
    price_per_gb: float | None,
    *,
    begun_at: datetime,
    counted: Counted | None = None,
    first_contact: bool = False,
) -> Plan:
    """Compute the plan of sending, within `requests_per_second`; `begun_at`: the run's beginning, in UTC."""
    sessions = lengths.sessions
    events = sum(one.events * one.sessions for one in sessions)
    anonymous = sum(one.events * one.sessions for one in sessions if one.anonymous)
    requests = _requests(sessions)
    duration = _duration(requests, requests_per_second)
    cost = _cost(sessions, tracking_id, price_per_gb)
    files = lengths.files
    return Plan(
        events=events,
        requests=requests,
        events_per_request=_histogram(sessions),
        not_full=_not_full(sessions),
        per_user=_per_user(lengths),
        longest_session_requests=max((requests_for(one.events) for one in sessions), default=0),
        duration=duration,
        cost=cost,
        bulk_import=advise(events, anonymous, files.bytes if files else cost.bytes, duration.seconds),
        ways=ways(events, duration.seconds, requests, cost.bytes, files) if files else (),
        first_contact=first_contact,
        model_needs=model_needs(sessions, lengths.users, lengths.unmatched, counted, begun_at),
    )


def requests_for(events: int) -> int:
    """Return the minimum of requests for the events of one session."""
    return -(-events // EVENTS_PER_REQUEST)


def _requests(sessions: Iterable[SessionLength]) -> int:
    return sum(requests_for(one.events) * one.sessions for one in sessions)


def _histogram(sessions: Iterable[SessionLength]) -> tuple[int, ...]:
    """Count requests by events: a session of n events fills n // 10 requests, and the rest is one more."""
    counts = [0] * EVENTS_PER_REQUEST
    for one in sessions:
        full, left_over = divmod(one.events, EVENTS_PER_REQUEST)
        counts[-1] += full * one.sessions
        if left_over:
            counts[left_over - 1] += one.sessions
    return tuple(counts)


def _not_full(sessions: Iterable[SessionLength]) -> NotFull:
    unfilled = [one for one in sessions if one.events % EVENTS_PER_REQUEST]
    users = [one for one in unfilled if not one.anonymous]
    return NotFull(
        short_sessions=sum(one.sessions for one in users if one.events < EVENTS_PER_REQUEST),
        anonymous=sum(one.sessions for one in unfilled if one.anonymous),
        session_ends=sum(one.sessions for one in users if one.events > EVENTS_PER_REQUEST),
    )


def _per_user(lengths: Lengths) -> PerUser:
    anonymous = _requests(one for one in lengths.sessions if one.anonymous)
    requests = anonymous + sum(requests_for(one.events) * one.users for one in lengths.users)
    return PerUser(requests, _requests(lengths.sessions) - requests)


def _duration(requests: int, requests_per_second: float) -> Duration:
    return Duration(
        requests_per_second=requests_per_second,
        seconds=requests / requests_per_second,
        default_quota=DEFAULT_QUOTA,
        seconds_at_default_quota=requests / DEFAULT_QUOTA,
    )


def _cost(sessions: Iterable[SessionLength], tracking_id: str, price_per_gb: float | None) -> Cost:
    sent = sum(
        _body_bytes(one, len(json.dumps(tracking_id, ensure_ascii=False).encode())) for one in sessions
    )
    amount = None if price_per_gb is None else sent / _BYTES_PER_GB * price_per_gb
    return Cost(sent, amount, price_per_gb)


def _body_bytes(one: SessionLength, tracking_id_bytes: int) -> int:
    """Return the size of all bodies of these sessions' requests: events, commas between them, and the rest."""
    requests = requests_for(one.events)
    commas = (one.events - requests) * one.sessions
    around = requests * (one.envelope_bytes + one.sessions * (_FRAME_BYTES + tracking_id_bytes))
    return one.body_bytes + commas + around
