"""Requests per second over the time of sending, against the limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from core.plurals import counted
from jobs.account.summary import Summary, TimelineEntry
from jobs.report.drawing import BAR, INK, PALE, SOFT, WARN, WIDTHS, number_axis, picture
from jobs.report.figure import Figure
from jobs.report.wording import asked_for, elapsed, thousands

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEIGHT = 260
_LIMIT_IN_SIGHT = 5
"""A limit of more than so many times the maximum that was sent would flatten all else: it is only named."""
_UNITS = (("hours", 3600, 7200), ("minutes", 60, 180), ("seconds", 1, 0))
"""Units of the axis of time: its name, its seconds, and from how many seconds on it is taken."""


@dataclass(frozen=True, slots=True)
class RateCurve:
    """The requests of each interval: `ends` in seconds since the first attempt, the counts in requests.

    `marks`: the operators' requests during sending, by when they were carried out, in the same seconds.
    """

    ends: list[float]
    attempts: tuple[int, ...]
    delivered: tuple[int, ...]
    throttled: tuple[int, ...]
    limit: float
    marks: tuple[tuple[float, str], ...] = ()

    def edges(self) -> list[float]:
        """Return where the intervals begin and end, in seconds."""
        return [0.0, *self.ends]

    def per_second(self, counts: Sequence[int]) -> list[float]:
        """Return `counts` by the length of their intervals."""
        spans = pairwise(self.edges())
        return [count / (end - start) for count, (start, end) in zip(counts, spans, strict=True)]

    def max_per_second(self) -> float:
        """Return the maximum attempts per second of any interval."""
        return max(self.per_second(self.attempts))


def timeline_of(summary: Summary) -> RateCurve | None:
    """Return the summary's `timeline`; None if nothing was sent or nothing was recorded."""
    recorded = summary.timeline
    if recorded is None or not recorded.attempts:
        return None
    interval, count = float(recorded.interval_seconds), len(recorded.attempts)
    ends = [interval * number for number in range(1, count + 1)]
    ends[-1] = _last_end(summary, recorded, ends[-1])
    limit, marks = summary.max_requests_per_second, _marks(summary, recorded.started_at, ends[-1])
    return RateCurve(ends, recorded.attempts, recorded.delivered, recorded.throttled, limit, marks)


def _marks(summary: Summary, start: datetime, end: float) -> tuple[tuple[float, str], ...]:
    """Return the requests carried out between the first attempt and the last; `start` is where the timeline begins."""
    heeded = [
        ((datetime.fromisoformat(asked.heeded_at) - start).total_seconds(), asked_for(asked))
        for asked in summary.steering
        if asked.heeded_at is not None
    ]
    return tuple((seconds, label) for seconds, label in heeded if 0 <= seconds <= end)


def _last_end(summary: Summary, recorded: TimelineEntry, end: float) -> float:
    """Return where the last interval really ended: after the last answer, but at least a second long for its rate."""
    finished = summary.sending_finished_at
    if finished is None:
        return end
    interval = float(recorded.interval_seconds)
    took = (finished - recorded.started_at).total_seconds()
    return min(end, max(took, end - interval + min(1.0, interval)))


def timeline_figure(timeline: RateCurve) -> Figure:
    """Return the figure with its table, a row for each interval."""
    return Figure(
        "timeline",
        picture("timeline", _HEIGHT, lambda axes, width: _draw(axes, width, timeline)),
        _sentence(timeline),
        ("After", "Attempts", "Delivered", "Throttled", "Attempts per second"),
        [
            (elapsed(start), thousands(attempts), thousands(delivered), thousands(throttled), f"{rate:,.1f}")
            for start, attempts, delivered, throttled, rate in zip(
                [0.0, *timeline.ends[:-1]],
                timeline.attempts,
                timeline.delivered,
                timeline.throttled,
                timeline.per_second(timeline.attempts),
                strict=True,
            )
        ],
    )


def _sentence(timeline: RateCurve) -> str:
    intervals = sum(1 for count in timeline.throttled if count)
    throttled = (
        f"{counted(sum(timeline.throttled), 'attempt')} throttled, in {intervals:,} of "
        f"{counted(len(timeline.ends), 'interval')}"
        if intervals
        else "none throttled"
    )
    asked = "".join(f" After {elapsed(seconds)}: {label}." for seconds, label in timeline.marks)
    return (
        f"{counted(sum(timeline.attempts), 'attempt')} in {elapsed(timeline.ends[-1])}, at most "
        f"{timeline.max_per_second():,.0f} per second of the {thousands(timeline.limit)} allowed; {throttled}.{asked}"
    )


def _draw(axes: Axes, width: int, timeline: RateCurve) -> None:
    unit, size = next((name, size) for name, size, min_seconds in _UNITS if timeline.ends[-1] >= min_seconds)
    edges = [edge / size for edge in timeline.edges()]
    max_rate = timeline.max_per_second()
    in_sight = timeline.limit <= _LIMIT_IN_SIGHT * max_rate
    top = 1.12 * max(max_rate, timeline.limit if in_sight else 0)
    number_axis(axes, "", top)
    axes.stairs(timeline.per_second(timeline.delivered), edges, fill=True, color=PALE, label="delivered")
    attempts = timeline.per_second(timeline.attempts)
    axes.stairs(attempts, edges, color=BAR, linewidth=1.6, baseline=None, label="attempts")
    if in_sight:
        axes.axhline(timeline.limit, color=INK, linewidth=1.2, linestyle=(0, (5, 3)), label="limit")
    _mark_throttles(axes, timeline.throttled, edges, 0.97 * top)
    for seconds, label in timeline.marks:
        _mark_request(axes, seconds / size, label, top)
    axes.set_xlim(0, edges[-1])
    axes.set_xlabel(f"{unit} since the first request", color=SOFT)
    _name(axes, width)


def _mark_throttles(axes: Axes, throttled: Sequence[int], edges: list[float], height: float) -> None:
    """Draw a triangle above each interval in which the service throttled."""
    centres = [sum(span) / 2 for span, count in zip(pairwise(edges), throttled, strict=True) if count]
    if centres:
        heights = [height] * len(centres)
        axes.plot(centres, heights, "v", color=WARN, markersize=7, markeredgewidth=0, label="throttled")


def _mark_request(axes: Axes, at: float, label: str, top: float) -> None:
    """Draw a line where an operator's request was carried out, with its text along it."""
    axes.axvline(at, color=SOFT, linewidth=1.0, linestyle=(0, (2, 2)))
    axes.text(at, 0.03 * top, f" {label}", color=SOFT, rotation=90, ha="right", va="bottom", fontsize=11)


def _name(axes: Axes, width: int) -> None:
    """Name the lines above the picture, so that nothing overlaps them."""
    on_a_phone = width == min(WIDTHS)
    axes.legend(
        title="Requests per second",
        alignment="left",
        loc="lower left",
        bbox_to_anchor=(0, 1.02),
        ncols=4,
        borderpad=0,
        borderaxespad=0,
        handlelength=1.2,
        handletextpad=0.4,
        columnspacing=0.8 if on_a_phone else 1.6,
        fontsize=11 if on_a_phone else 13,
    )
