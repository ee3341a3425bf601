"""A plan as a person reads it: whatever keys it has, as label and value, and its histogram apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.report.event_figures import bars
from jobs.report.figure import Figure
from jobs.report.wording import NOTHING, printable, thousands

_HISTOGRAMS = ("histogram", "events_per_request")


def plan_rows(plan: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Label and value of everything in `plan` but its histogram; what lies deeper bears its block's name."""
    return list(_rows(plan, prefix))


def plan_figure(plan: Mapping[str, Any]) -> Figure | None:
    """The first histogram in `plan`: a mapping of labels to counts, or a list of counts from 1 on."""
    key = next((key for key in plan if is_histogram(key, plan[key])), None)
    if key is None:
        return None
    counts = _counts(plan[key])
    most = max(counts, key=lambda each: counts[each])
    sentence = (
        f"{thousands(sum(counts.values()))} in all; most at {printable(most)}: {thousands(counts[most])}."
    )
    return bars("plan", counts, sentence, (_label(key), "Count"))


def is_histogram(key: str, value: object) -> bool:
    """Whether `value` is one by its key's name and by its shape: numbers, at least one of them not nothing."""
    if not key.endswith(_HISTOGRAMS):
        return False
    numbers = list(value.values()) if isinstance(value, Mapping) else value
    return isinstance(numbers, list) and all(isinstance(n, int | float) for n in numbers) and any(numbers)


def _counts(value: Mapping[str, int] | list[int]) -> Mapping[str, int]:
    return (
        value
        if isinstance(value, Mapping)
        else {str(number): count for number, count in enumerate(value, start=1)}
    )


def _rows(block: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in block.items():
        if isinstance(value, Mapping) and not is_histogram(key, value):
            yield from _rows(value, f"{prefix}{_label(key)}: ")
        elif not is_histogram(key, value):
            yield f"{prefix}{_label(key)}", shown(value)


def _label(key: str) -> str:
    words = printable(key).replace("_", " ")
    return words[:1].upper() + words[1:]


def shown(value: object) -> str:
    """Any JSON value for people; a list with commas, nothing as a dash."""
    if value is None or value == []:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return thousands(value)
    if isinstance(value, list):
        return ", ".join(shown(each) for each in value)
    return printable(str(value))
