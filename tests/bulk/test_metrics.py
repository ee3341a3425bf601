"""What CloudWatch counted is held against accepted requests; what is not there yet is unknown, later missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bulk.metrics import Calls, Metered, Proof, metered, proof
from tests.standin.control_plane_client import World

BEGAN = datetime(2026, 1, 1, 10, 0, 30, tzinfo=UTC)
ENDED = BEGAN + timedelta(minutes=5)
LATER = ENDED + timedelta(hours=1)
CALLS = Calls(accepted=100, attempts=120, began=BEGAN, ended=ENDED)


@pytest.mark.parametrize(
    ("accepted", "now", "expected"),
    [
        (100, LATER, Proof(found=100, missing=0, unknown=0)),
        (140, LATER, Proof(found=100, missing=0, unknown=0)),
        (97, LATER, Proof(found=97, missing=3, unknown=0)),
        (97, ENDED + timedelta(minutes=14), Proof(found=97, missing=0, unknown=3)),
        (0, LATER, Proof(found=0, missing=100, unknown=0)),
    ],
)
def test_accepted_requests_are_held_against_the_services_count(
    accepted: int, now: datetime, expected: Proof
) -> None:
    assert proof(CALLS, Metered(accepted, 20, 0), now) == expected


def world_with(*counts: tuple[str, datetime, int]) -> World:
    world = World()
    for name, at, value in counts:
        world.plane.metrics.count(name, world.tracker_arn, at.timestamp(), value)
    return world


def test_the_runs_span_is_asked_for_in_whole_periods_and_on_every_page() -> None:
    world = world_with(
        ("PutEventsRequests", BEGAN, 60),
        ("PutEventsRequests", ENDED, 40),
        ("PutEvents4xxErrors", BEGAN + timedelta(minutes=1), 20),
        ("PutEvents5xxErrors", ENDED - timedelta(seconds=1), 1),
        ("PutEventsRequests", BEGAN - timedelta(seconds=31), 1000),
        ("PutEventsRequests", ENDED + timedelta(seconds=31), 1000),
    )
    world.plane.metrics.page = 1
    world.plane.rate = None
    assert metered(world.client("cloudwatch"), world.tracker_arn, CALLS, LATER) == Metered(100, 20, 1)
    assert world.calls("GetMetricData") == 3


def test_other_trackers_calls_are_not_counted() -> None:
    world = world_with(("PutEventsRequests", BEGAN, 60))
    assert metered(world.client("cloudwatch"), f"{world.tracker_arn}2", CALLS, LATER) == Metered(0, 0, 0)


@pytest.mark.parametrize(("days", "period"), [(1, 60), (30, 300), (100, 3600)])
def test_old_runs_are_asked_for_in_periods_that_cloudwatch_still_has(days: int, period: int) -> None:
    asked: list[int] = []

    class Client:
        def get_metric_data(self, **parameters: object) -> dict[str, object]:
            queries: list[dict[str, dict[str, int]]] = parameters["MetricDataQueries"]  # type: ignore[assignment]
            asked.extend(query["MetricStat"]["Period"] for query in queries)
            return {"MetricDataResults": []}

    metered(Client(), "arn", CALLS, BEGAN + timedelta(days=days))
    assert set(asked) == {period}
