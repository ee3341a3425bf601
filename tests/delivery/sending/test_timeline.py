"""Counting by interval loses nothing, for any length and any order of adding."""

from __future__ import annotations

import pickle
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.sending.timeline import MAX_POINTS, Point, Timeline, merged

KINDS = ("attempts", "delivered", "throttled")
WEEK = 7 * 86_400
START = 1_760_000_000

# Most runs last seconds to days; a clock that is set while one goes on may jump by years, or before 1970.
moments = st.one_of(
    st.floats(START, START + 10),
    st.floats(START, START + WEEK),
    st.floats(-1e9, 4e9),
)
happenings = st.lists(st.tuples(moments, st.sampled_from(KINDS)), max_size=60)


def counted(happened: list[tuple[float, str]]) -> Timeline:
    timeline = Timeline()
    for at, kind in happened:
        point = timeline.at(at)
        setattr(point, kind, getattr(point, kind) + 1)
    return timeline


def totals(timeline: Timeline) -> Counter[str]:
    return Counter({kind: sum(getattr(point, kind) for point in timeline.series()) for kind in KINDS})


def by_interval(happened: list[tuple[float, str]], interval: int) -> Counter[tuple[int, str]]:
    return Counter((int(at // interval), kind) for at, kind in happened)


def as_counter(timeline: Timeline) -> Counter[tuple[int, str]]:
    points = timeline.points.items()
    return +Counter({(place, kind): getattr(point, kind) for place, point in points for kind in KINDS})


@given(happenings)
def test_every_request_is_counted_once_in_the_interval_that_it_happened_in(
    happened: list[tuple[float, str]],
) -> None:
    timeline = counted(happened)
    assert as_counter(timeline) == by_interval(happened, timeline.interval)


@given(st.lists(happenings, max_size=5))
def test_partitions_together_count_what_each_of_them_counted(parts: list[list[tuple[float, str]]]) -> None:
    together = [each for part in parts for each in part]
    whole = merged(map(counted, parts))
    assert totals(whole) == Counter({kind: [each for _, each in together].count(kind) for kind in KINDS})
    assert as_counter(whole) == by_interval(together, whole.interval)


@given(st.data(), st.lists(happenings, max_size=4))
def test_the_order_in_which_reports_come_makes_no_difference(
    data: st.DataObject, parts: list[list[tuple[float, str]]]
) -> None:
    shuffled = data.draw(st.permutations(parts))
    assert merged(map(counted, parts)) == merged(map(counted, shuffled))


@given(st.lists(happenings, max_size=4))
def test_a_timeline_has_no_more_points_than_it_may(
    parts: list[list[tuple[float, str]]],
) -> None:
    """And no longer intervals than it must."""
    for timeline in (*map(counted, parts), merged(map(counted, parts))):
        points = len(list(timeline.series()))
        assert points <= MAX_POINTS
        # In intervals half as long it would have had up to twice as many, which was too many.
        assert timeline.interval == 1 or 2 * points > MAX_POINTS


@given(happenings)
def test_putting_timelines_together_leaves_them_as_they_were(happened: list[tuple[float, str]]) -> None:
    timeline = counted(happened)
    before = pickle.dumps(timeline)
    merged([timeline, counted([(START + WEEK, "attempts")]), timeline])
    assert pickle.dumps(timeline) == before


def test_a_week_of_seconds_fits() -> None:
    timeline = Timeline()
    for second in range(WEEK):
        timeline.at(START + second).attempts += 1
    assert (timeline.interval, totals(timeline)["attempts"]) == (1024, WEEK)
    assert len(pickle.dumps(timeline)) < 40_000


def test_intervals_in_which_nothing_happened_are_included() -> None:
    timeline = counted([(START + 0.5, "attempts"), (START + 3.0, "delivered"), (START + 3.9, "delivered")])
    assert timeline.started_at == START
    assert list(timeline.series()) == [Point(1, 0, 0), Point(), Point(), Point(0, 2, 0)]


def test_where_nothing_happened_there_is_nothing_to_tell() -> None:
    assert list(merged([Timeline(), Timeline()]).series()) == []
    with pytest.raises(ValueError, match="empty"):
        _ = Timeline().started_at


def test_a_coarse_timeline_is_not_reported_as_a_fine_one() -> None:
    assert merged([Timeline(1, {7: Point(1)}), Timeline(8, {2: Point(5)})]) == Timeline(
        8, {0: Point(1), 2: Point(5)}
    )
