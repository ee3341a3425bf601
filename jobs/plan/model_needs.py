"""A model's needs of the events to be sent, and those that they do not meet. Pure arithmetic over counts.

Only these events are seen here. For the service, what is in the dataset already counts, too, from earlier runs, imports
or live traffic. Each need has its source, a page of the AWS developer guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from jobs.plan.delivery_plan import Need
from transforms.session_lengths import SessionLength, Unmatched, UserLength

_GUIDE = "https://docs.aws.amazon.com/personalize/latest/dg"
LIMITS = f"{_GUIDE}/limits.html"
METRICS = f"{_GUIDE}/metric-attribution-requirements.html"
ANONYMOUS = f"{_GUIDE}/recording-anonymous-user-events.html"
ECOMMERCE = f"{_GUIDE}/ECOMMERCE-use-cases.html"
VIDEO_ON_DEMAND = f"{_GUIDE}/VIDEO_ON_DEMAND-use-cases.html"

MIN_INTERACTIONS = 1_000
MIN_USERS = 25
MIN_EVENTS_OF_USER = 2
MAX_CONSIDERED = 500_000_000
MAX_CONSIDERED_V2 = 3_000_000_000
"""Of User-Personalization-v2 and Personalized-Ranking-v2 (limits.html)."""

METRIC_DAYS = 14
_DOMAIN_TYPES = (
    ("ECOMMERCE", "View", "Most viewed and Customers who viewed X also viewed", ECOMMERCE),
    ("ECOMMERCE", "Purchase", "Best sellers and Frequently bought together", ECOMMERCE),
    ("VIDEO_ON_DEMAND", "Watch", "Because you watched X and Most popular", VIDEO_ON_DEMAND),
)


@dataclass(frozen=True, slots=True)
class Counted:
    """The events by day (`YYYY-MM-DD`, or month, `YYYY-MM`) and by type; None for types if some were put together."""

    by_day: Mapping[str, int]
    by_type: Mapping[str, int] | None


def model_needs(
    sessions: Iterable[SessionLength],
    users: Iterable[UserLength],
    unmatched: Unmatched,
    counted: Counted | None,
    now: datetime,
) -> tuple[Need, ...]:
    """Return every need, met or not. `now`: the run's beginning, in UTC.

    `counted`: None where days and types were not counted: then nothing is said of metrics and domains.
    """
    interactions = sum(one.events * one.sessions for one in sessions if not one.anonymous)
    found = [*_of_training(interactions, tuple(users)), *_of_sessions(unmatched)]
    if counted is not None:
        found += _of_metrics(counted.by_day, now)
    if counted is not None and counted.by_type is not None:
        found += _of_domains(counted.by_type)
    return tuple(found)


def _of_training(interactions: int, users: tuple[UserLength, ...]) -> Iterator[Need]:
    everyone = sum(one.users for one in users)
    returning = sum(one.users for one in users if one.events >= MIN_EVENTS_OF_USER)
    yield _at_least(
        "interactions",
        interactions,
        MIN_INTERACTIONS,
        "no model is trained with fewer than 1,000 interactions of users",
    )
    yield _at_least(
        "users with two interactions",
        returning,
        MIN_USERS,
        "no model is trained with fewer than 25 users with at least two interactions each",
    )
    yield _at_least(
        "share with two interactions",
        returning,
        -(-everyone // 100),
        "no model is trained with fewer than 1 % of the users with at least two interactions each",
    )
    yield Need(
        "interactions considered",
        interactions,
        MAX_CONSIDERED,
        interactions <= MAX_CONSIDERED,
        f"a model considers {MAX_CONSIDERED:,} interactions unless the quota was raised, of User-Personalization-v2 "
        f"and Personalized-Ranking-v2 {MAX_CONSIDERED_V2:,}",
        LIMITS,
        at_most=True,
    )


def _of_sessions(unmatched: Unmatched) -> Iterator[Need]:
    yield Need(
        "sessions without any userId",
        unmatched.sessions,
        0,
        not unmatched.sessions,
        f"their events ({unmatched.events:,}) are not trained on until an event of the same session has a userId",
        ANONYMOUS,
        at_most=True,
    )


def _of_metrics(by_day: Mapping[str, int], now: datetime) -> Iterator[Need]:
    oldest = (now - timedelta(days=METRIC_DAYS)).astimezone(UTC).date()
    older = sum(events for day, events in by_day.items() if _last_day(day) < oldest)
    yield Need(
        "events older than 14 days",
        older,
        0,
        not older,
        "metric attribution does not count them in CloudWatch",
        METRICS,
        at_most=True,
    )


def _of_domains(by_type: Mapping[str, int]) -> Iterator[Need]:
    for domain, name, cases, source in _DOMAIN_TYPES:
        has = by_type.get(name, 0)
        alike = sum(events for other, events in by_type.items() if other.casefold() == name.casefold()) - has
        case = (
            f"; {alike:,} have it in another case, and AWS does not say whether those count" if alike else ""
        )
        yield Need(
            f"{name} events ({domain})",
            has,
            MIN_INTERACTIONS,
            has >= MIN_INTERACTIONS,
            f"in a domain dataset group, {cases} need 1,000{case}",
            source,
        )


def _at_least(name: str, has: int, needs: int, consequence: str) -> Need:
    return Need(name, has, needs, has >= needs, consequence, LIMITS)


def _last_day(day: str) -> date:
    """Return the day `YYYY-MM-DD` itself, or the last day of the month `YYYY-MM`."""
    if len(day) == len("YYYY-MM-DD"):
        return date.fromisoformat(day)
    first = date.fromisoformat(f"{day}-01")
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
