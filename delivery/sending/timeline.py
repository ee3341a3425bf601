"""Requests and their results over time: counts by interval of absolute time, in bounded memory.

Each partition counts for itself; `add` sums the counts. Pure: no clock and no I/O. A task whose report was
lost is missing: a timeline may contain less than the summary, never more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

MAX_POINTS = 600
"""The maximum number of intervals of a timeline, from its first to its last: seven days in intervals of 1,024 s."""


@dataclass(slots=True)
class Point:
    """The requests of one interval: `attempts` by when they started, the others by when their answer came."""

    attempts: int = 0
    delivered: int = 0
    throttled: int = 0

    def add(self, other: Point) -> None:
        """Add the counts of `other`."""
        self.attempts += other.attempts
        self.delivered += other.delivered
        self.throttled += other.throttled


@dataclass(slots=True)
class Timeline:
    """Requests by interval, each `interval` seconds long.

    `points[index]` is the interval that starts at `index * interval`, in Unix seconds. The length is a
    power of two, and doubles if there would be more than `MAX_POINTS` intervals: so the intervals of any
    two timelines nest.
    """

    interval: int = 1
    points: dict[int, Point] = field(default_factory=dict)

    def at(self, seconds: float) -> Point:
        """Return the point of the interval that contains that Unix time."""
        point = self.points.get(int(seconds // self.interval))
        return self._begin(seconds) if point is None else point

    def add(self, other: Timeline) -> None:
        """Add the counts of `other`; the result has the longer interval of the two, or a longer one."""
        while self.interval < other.interval:
            self._double()
        for index, point in other.points.items():
            self.at(index * other.interval).add(point)

    @property
    def started_at(self) -> int:
        """Return the start of the first interval, in Unix seconds; there must be one."""
        return min(self.points) * self.interval

    def series(self) -> Iterator[Point]:
        """Yield every interval from the first to the last, also those in which nothing happened."""
        if self.points:
            yield from (self.points.get(index, Point()) for index in self._span())

    def _begin(self, seconds: float) -> Point:
        index = int(seconds // self.interval)
        point = self.points[index] = Point()
        if len(self._span()) <= MAX_POINTS:
            return point
        while len(self._span()) > MAX_POINTS:
            self._double()
        return self.points[int(seconds // self.interval)]

    def _span(self) -> range:
        return range(min(self.points), max(self.points) + 1)

    def _double(self) -> None:
        finer, self.points = self.points, {}
        self.interval *= 2
        for index, point in finer.items():
            self.points.setdefault(index // 2, Point()).add(point)


def merged(timelines: Iterable[Timeline]) -> Timeline:
    """Return the sum of all timelines, which are not changed."""
    whole = Timeline()
    for each in timelines:
        whole.add(each)
    return whole
