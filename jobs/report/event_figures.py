"""The figures of the events: how many are in a request, and on which days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from core.plurals import counted
from jobs.account.event_counts import SECONDS_OF_DAY
from jobs.report.drawing import calendar, columns, picture
from jobs.report.figure import Figure
from jobs.report.wording import label, percent, printable, thousands

_HEIGHT = 220
_FEW = 7
"""Up to so many days, each is a column with its name; more are a line over time."""


def requests_figure(name: str, by_events: Sequence[int]) -> Figure | None:
    """Return requests by their number of events, from 1 on; None if there are none. `name`: the figure's."""
    requests = sum(by_events)
    if not requests:
        return None
    events = sum(number * count for number, count in enumerate(by_events, start=1))
    names = [str(number) for number in range(1, len(by_events) + 1)]
    full = percent(by_events[-1] / requests)
    sentence = (
        f"{counted(requests, 'request')} with {events / requests:.2f} events on average; {full} of them full."
    )
    return _bars(
        name, dict(zip(names, by_events, strict=True)), sentence, ("Events in a request", "Requests")
    )


def _bars(name: str, counts: Mapping[str, int], sentence: str, columns_named: tuple[str, str]) -> Figure:
    """Return a figure with a column for each of `counts`, at least one; `columns_named` heads the table's columns."""
    labels = [label(each) for each in counts]
    heights = list(counts.values())
    drawn = picture(name, _HEIGHT, lambda axes, width: columns(axes, width, labels, heights, columns_named))
    rows: list[tuple[str, ...]] = [(printable(each), thousands(count)) for each, count in counts.items()]
    return Figure(name, drawn, sentence, columns_named, rows)


def days_figure(by_day: Mapping[str, int]) -> Figure | None:
    """Return the events to be sent by the day (or month) that they happened on; None if there are none."""
    if not by_day:
        return None
    by_month = len(next(iter(by_day))) == len("YYYY-MM")
    heading = "Month" if by_month else "Day"
    sentence = _days_sentence(by_day, "month" if by_month else "day")
    if len(by_day) <= _FEW:
        return _bars("days", by_day, sentence, (heading, "Events"))
    spans = [_span(day, by_month=by_month) for day in by_day]
    counts = list(by_day.values())
    drawn = picture("days", _HEIGHT, lambda axes, width: calendar(axes, width, spans, counts, "Events"))
    return Figure(
        "days", drawn, sentence, (heading, "Events"), [(d, thousands(n)) for d, n in by_day.items()]
    )


def _days_sentence(by_day: Mapping[str, int], span: str) -> str:
    events, first, last = counted(sum(by_day.values()), "event"), min(by_day), max(by_day)
    if first == last:
        return f"{events}, all on the {span} {first}."
    busiest = max(by_day, key=lambda day: by_day[day])
    return f"{events} on {counted(len(by_day), span)}, from {first} to {last}; most on {busiest}: {by_day[busiest]:,}."


def _span(day: str, *, by_month: bool) -> tuple[float, float]:
    """Return the beginning and end of `YYYY-MM-DD` or `YYYY-MM`, in days since 1970."""
    if not by_month:
        start = _days(date.fromisoformat(day))
        return start, start + 1
    first = date.fromisoformat(f"{day}-01")
    following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return _days(first), _days(following)


def _days(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() / SECONDS_OF_DAY
