"""A plan's numbers are those of the requests that the sender would make."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import FrozenInstanceError, asdict
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.packing import Batch, StagedEvent, pack
from delivery.request import events_per_request, request_writer
from jobs.plan.delivery_plan import Plan
from jobs.plan.planning import Lengths, plan
from transforms.session_lengths import SessionLength, UserLength

TRACKER = 'a "tracker" ü'

# Sessions as (user or None for anonymous, number of events).
Sessions = list[tuple[str | None, int]]
sessions = st.lists(st.tuples(st.sampled_from([None, "ü", "u1", "u2"]), st.integers(1, 45)), max_size=30)


def batches(made: Sessions) -> list[Batch]:
    """What the sender makes of the sessions."""
    events = []
    for number, (user, count) in enumerate(made):
        envelope = {"userId": user, "sessionId": f"s{number}"} if user else {"sessionId": f"s{number}"}
        head = json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()
        events += [StagedEvent(f"{number}-{n}", head, b'{"itemId":"ij"}') for n in range(count)]
    return list(pack(events, events_per_request()))


def lengths(made: Sessions) -> Lengths:
    """What Spark counts of the same sessions."""
    envelopes: Counter[tuple[int, bool]] = Counter()
    occurrences: Counter[tuple[int, bool]] = Counter()
    heads = {batch.envelope for batch in batches(made)}
    ordered = sorted(heads, key=lambda head: int(json.loads(head)["sessionId"][1:]))
    users: dict[str, int] = defaultdict(int)
    for (user, count), head in zip(made, ordered, strict=True):
        envelopes[count, user is None] += len(head)
        occurrences[count, user is None] += 1
        if user:
            users[user] += count
    found = [
        SessionLength(count, anonymous, many, 15 * count * many, envelopes[count, anonymous])
        for (count, anonymous), many in occurrences.items()
    ]
    return Lengths(tuple(found), tuple(UserLength(n, k) for n, k in Counter(users.values()).items()))


def planned(made: Sessions, limit: float = 500.0, price: float | None = None) -> Plan:
    return plan(lengths(made), TRACKER, limit, price, begun_at=datetime(2026, 1, 1, tzinfo=UTC))


@given(sessions)
def test_the_histogram_is_that_of_the_requests_that_the_sender_packs(made: Sessions) -> None:
    reckoned = planned(made)
    sizes = Counter(len(batch.events) for batch in batches(made))
    assert reckoned.events_per_request == tuple(sizes[size] for size in range(1, 11))


@given(sessions)
def test_the_histogram_adds_up_to_the_requests_and_to_the_events(made: Sessions) -> None:
    reckoned = planned(made)
    histogram = reckoned.events_per_request
    assert sum(histogram) == reckoned.requests == sum(-(-count // 10) for _, count in made)
    assert sum(size * count for size, count in enumerate(histogram, start=1)) == reckoned.events


@given(sessions)
def test_every_request_that_is_not_full_has_one_reason(made: Sessions) -> None:
    reckoned = planned(made)
    assert sum(asdict(reckoned.not_full).values()) == reckoned.requests - reckoned.events_per_request[-1]


@given(sessions)
def test_one_session_for_each_user_never_needs_more_requests(
    made: Sessions,
) -> None:
    """And no anonymous event moves."""
    reckoned = planned(made)
    users: Counter[str] = Counter()
    anonymous = 0
    for user, count in made:
        if user:
            users[user] += count
        else:
            anonymous += -(-count // 10)
    assert reckoned.per_user.requests == anonymous + sum(-(-count // 10) for count in users.values())
    assert reckoned.per_user.requests_saved == reckoned.requests - reckoned.per_user.requests >= 0


@given(sessions)
def test_the_bytes_are_those_of_the_bodies_that_the_sender_writes(made: Sessions) -> None:
    write = request_writer(TRACKER)
    assert planned(made).cost.bytes == sum(len(write(batch)) for batch in batches(made))


def test_requests_that_are_not_full_are_counted_by_cause() -> None:
    reckoned = planned([("u1", 3), ("u1", 10), ("u2", 25), (None, 4), (None, 14), (None, 20)])
    assert asdict(reckoned.not_full) == {"short_sessions": 1, "anonymous": 2, "session_ends": 1}
    assert reckoned.longest_session_requests == 3


def test_the_duration_is_that_of_the_requests_at_the_limit_and_at_the_default_quota() -> None:
    duration = planned([("u1", 45)] * 100, limit=20).duration
    assert (duration.seconds, duration.seconds_at_default_quota) == (25, 0.5)
    assert (duration.requests_per_second, duration.default_quota) == (20, 1000)


def test_the_cost_is_the_bytes_price_and_unknown_without_one() -> None:
    cost = planned([("u1", 45)], price=2.0).cost
    assert cost.amount == pytest.approx(cost.bytes * 2e-9)
    assert cost.price_per_gb == 2.0
    assert planned([("u1", 45)]).cost.amount is None


def test_nothing_to_send_is_a_plan_too() -> None:
    reckoned = planned([])
    assert (reckoned.events, reckoned.requests, reckoned.longest_session_requests) == (0, 0, 0)
    assert (reckoned.duration.seconds, reckoned.cost.bytes, reckoned.bulk_import.better) == (0, 0, False)


def test_a_plan_is_frozen_and_plain_enough_for_json() -> None:
    reckoned = planned([("u1", 3)])
    with pytest.raises(FrozenInstanceError):
        reckoned.requests = 2  # type: ignore[misc]
    assert json.loads(json.dumps(asdict(reckoned)))["events_per_request"] == [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
