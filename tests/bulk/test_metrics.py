"""What CloudWatch counted is held against accepted requests; what is not there yet is unknown, later missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bulk.metrics import NAMES, Calls, Metered, Proof, UnmeteredError, metered, proof
from tests.standin.control_plane_client import World

BEGAN = datetime(2026, 1, 1, 10, 0, 30, tzinfo=UTC)
ENDED = BEGAN + timedelta(minutes=5)
LATER = ENDED + timedelta(hours=1)
SOON = "the run ended less than 15 minutes ago: what is unknown may still be counted. Verify again later"
LONG_AGO = "the run began longer ago than the 455 days that CloudWatch keeps its counts"
CALLS = Calls(accepted=100, attempts=120, began=BEGAN, ended=ENDED)


@pytest.mark.parametrize(
    ("accepted", "now", "expected"),
    [
        (100, LATER, Proof(found=100, missing=0, unknown=0)),
        (140, LATER, Proof(found=100, missing=0, unknown=0)),
        (97, LATER, Proof(found=97, missing=3, unknown=0)),
        (97, ENDED + timedelta(minutes=14), Proof(97, 0, 3, SOON)),
        (100, ENDED + timedelta(minutes=14), Proof(found=100, missing=0, unknown=0)),
        (0, LATER, Proof(found=0, missing=100, unknown=0)),
        (0, BEGAN + timedelta(days=453), Proof(found=0, missing=100, unknown=0)),
        (60, BEGAN + timedelta(days=455), Proof(60, 0, 40, LONG_AGO)),
        (0, BEGAN + timedelta(days=800), Proof(0, 0, 100, LONG_AGO)),
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
        ("PutEventsRequests", BEGAN - timedelta(minutes=5, seconds=31), 1000),
        ("PutEventsRequests", ENDED + timedelta(minutes=5, seconds=31), 1000),
    )
    world.plane.metrics.page = 1
    world.plane.rate = None
    assert metered(world.client("cloudwatch"), world.tracker_arn, CALLS, LATER) == Metered(100, 20, 1)
    assert world.calls("GetMetricData") == 3


@pytest.mark.parametrize("off", [timedelta(minutes=-5), timedelta(minutes=5)])
def test_clocks_that_are_minutes_apart_make_no_call_missing(off: timedelta) -> None:
    world = world_with(("PutEventsRequests", BEGAN + off, 60), ("PutEventsRequests", ENDED + off, 40))
    assert metered(world.client("cloudwatch"), world.tracker_arn, CALLS, LATER) == Metered(100, 0, 0)


class Pages:
    """A CloudWatch that answers with these pages; each has series by id: a status and values."""

    def __init__(self, *pages: dict[str, tuple[str, list[float]]]) -> None:
        self._pages = list(pages)
        self.asked: list[dict[str, Any]] = []

    def get_metric_data(self, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's own
        self.asked.append(parameters)
        results = [
            {"Id": key, "StatusCode": status, "Values": values}
            for key, (status, values) in self._pages.pop(0).items()
        ]
        return {"MetricDataResults": results, **({"NextToken": "more"} if self._pages else {})}


NONE: dict[str, tuple[str, list[float]]] = {name: ("Complete", []) for name in NAMES}


def test_a_series_in_parts_is_summed_over_its_pages() -> None:
    pages = Pages({**NONE, "accepted": ("PartialData", [60.0])}, {"accepted": ("Complete", [40.0])})
    assert metered(pages, "arn", CALLS, LATER) == Metered(100, 0, 0)


@pytest.mark.parametrize("status", ["InternalError", "PartialData", "Forbidden"])
def test_counts_that_are_not_complete_prove_nothing(status: str) -> None:
    pages = Pages({**NONE, "accepted": (status, [])})
    with pytest.raises(
        UnmeteredError, match=rf"^it gave no complete count of PutEventsRequests \({status}\)$"
    ):
        metered(pages, "arn", CALLS, LATER)


def test_a_series_without_an_answer_proves_nothing() -> None:
    with pytest.raises(UnmeteredError, match="it gave no complete count of PutEvents4xxErrors"):
        metered(Pages({"accepted": ("Complete", [100.0])}), "arn", CALLS, LATER)


def test_other_trackers_calls_are_not_counted() -> None:
    world = world_with(("PutEventsRequests", BEGAN, 60))
    assert metered(world.client("cloudwatch"), f"{world.tracker_arn}2", CALLS, LATER) == Metered(0, 0, 0)


@pytest.mark.parametrize(("days", "period"), [(1, 60), (30, 300), (100, 3600)])
def test_old_runs_are_asked_for_in_periods_that_cloudwatch_still_has(days: int, period: int) -> None:
    pages = Pages(NONE)
    metered(pages, "arn", CALLS, BEGAN + timedelta(days=days))
    (asked,) = pages.asked
    assert {query["MetricStat"]["Period"] for query in asked["MetricDataQueries"]} == {period}


@pytest.mark.parametrize("page", [b"<html>Sign in</html>", b"", b"[]", b"null"])
def test_a_proxys_page_in_place_of_counts_proves_nothing(page: bytes) -> None:
    world = world_with()
    world.in_place = lambda _operation: (200, page)
    with pytest.raises(UnmeteredError, match=r"^what answered is not CloudWatch$"):
        metered(world.client("cloudwatch"), world.tracker_arn, CALLS, LATER)
