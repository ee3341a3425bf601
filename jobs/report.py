"""`report.html`: the account of a run as one self-contained page for a person. It holds counts and names, no values.

The page needs no network and no script. It shows what `summary.json` holds; where the two could differ, the
summary is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, select_autoescape

from expectations.verdict import RuleResult

_TEMPLATE = files("jobs") / "report.html"

_VERDICTS = {
    "delivered": "Every event that passed the checks is with the service.",
    "planned": "A plan: everything was done but sending.",
    "refused": "The checks refused the data; not one request was sent.",
    "dead_lettered": "Finished, with some events that the service did not take: they lie in dead_letters/.",
    "stopped": "Stopped before the end; run the same command again to go on.",
}

_FLOW = (
    ("rows_rejected", "rejected", "failed a check; whole rows with reasons in rejected/"),
    ("duplicates_dropped", "duplicates", "the same event more than once in the source"),
    ("already_delivered", "delivered before", "the ledger has them from an earlier run"),
    ("events_delivered", "delivered", "accepted by the service in this run"),
    ("events_dead_lettered", "dead letters", "refused by the service or out of attempts; in dead_letters/"),
    ("events_not_attempted", "open", "valid, not sent in this run; the next run sends them"),
)


@dataclass(frozen=True, slots=True)
class FlowRow:
    """One part of the rows read: its key in the summary, a short name, what it means, rows, share of all (0 to 1)."""

    key: str
    name: str
    meaning: str
    rows: int
    share: float


def render_report(summary: dict[str, Any], rules: tuple[RuleResult, ...]) -> str:
    """The page for `summary` (as `jobs.summary` builds it) and the results of the rules."""
    environment = Environment(
        autoescape=select_autoescape(default=True), undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.filters["instant"] = _instant
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        summary=summary, verdict=_VERDICTS[summary["status"]], flow=_flow(summary), rules=rules
    )


def _instant(text: str | None) -> str:
    """An ISO 8601 instant of the summary, for people: to the second."""
    return "not at all" if text is None else f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"


def _flow(summary: dict[str, Any]) -> list[FlowRow]:
    read = summary["rows_read"]
    return [
        FlowRow(key, name, meaning, summary[key], summary[key] / read if read else 0.0)
        for key, name, meaning in _FLOW
    ]
