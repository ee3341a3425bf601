"""When requests went out and how they were answered: counts by interval of absolute time, in bounded memory.

Each partition counts for itself; `add` puts their counts together, and what each of them counted is in the sum once.
Pure: no clock and no I/O. What is never handed in, as by a task whose report was lost, is not there: a timeline may
say less than the account, never more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

MOST_POINTS = 600
"""The most intervals that a timeline spans, from its first to its last: seven days in intervals of 1,024 s."""


@dataclass(slots=True)
class Point:
    """The requests of one interval: `attempts` by when they started, the others by when their answer came."""

    attempts: int = 0
    delivered: int = 0
    throttled: int = 0

    def add(self, other: Point) -> None:
        """Count what `other` counts, too."""
        self.attempts += other.attempts
        self.delivered += other.delivered
        self.throttled += other.throttled


@dataclass(slots=True)
class Timeline:
    """Requests by interval, each `interval` seconds long.

    `points` holds the interval from `place * interval` on, in Unix seconds, at `place`. An interval is a power of two,
    and doubles whenever the whole would span more than `MOST_POINTS`: so the intervals of any two timelines nest.
    """

    interval: int = 1
    points: dict[int, Point] = field(default_factory=dict)

    def at(self, seconds: float) -> Point:
        """The point to count in what happened at that Unix time."""
        point = self.points.get(int(seconds // self.interval))
        return self._begin(seconds) if point is None else point

    def add(self, other: Timeline) -> None:
        """Count all that `other` counts; the coarser interval of the two is what is left, or a longer one."""
        while self.interval < other.interval:
            self._double()
        for place, point in other.points.items():
            self.at(place * other.interval).add(point)

    @property
    def started_at(self) -> int:
        """Where the first interval begins, in Unix seconds; there must be one."""
        return min(self.points) * self.interval

    def series(self) -> Iterator[Point]:
        """Every interval from the first to the last, those in which nothing happened too."""
        if self.points:
            yield from (self.points.get(place, Point()) for place in self._span())

    def _begin(self, seconds: float) -> Point:
        place = int(seconds // self.interval)
        point = self.points[place] = Point()
        if len(self._span()) <= MOST_POINTS:
            return point
        while len(self._span()) > MOST_POINTS:
            self._double()
        return self.points[int(seconds // self.interval)]

    def _span(self) -> range:
        return range(min(self.points), max(self.points) + 1)

    def _double(self) -> None:
        finer, self.points = self.points, {}
        self.interval *= 2
        for place, point in finer.items():
            self.points.setdefault(place // 2, Point()).add(point)


def merged(timelines: Iterable[Timeline]) -> Timeline:
    """All of them as one; they stay as they are."""
    whole = Timeline()
    for each in timelines:
        whole.add(each)
    return whole
