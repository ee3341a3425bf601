"""Puts the page together: what the summary and the rules say, through the templates. Counts nothing itself.

The page needs no network and no script, and says so to the browser.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from expectations.verdict import RuleResult
from jobs.report import wording
from jobs.report.account_figure import draw_account
from jobs.report.event_figures import days_figure, requests_figure
from jobs.report.figure import Figure
from jobs.report.flow import equation, parts, verdict
from jobs.report.plan_view import plan_figure, plan_rows, shown
from jobs.report.timeline import timeline_figure, timeline_of

_FILTERS = ("thousands", "counted", "percent", "instant", "elapsed", "printable")


def render_report(summary: dict[str, Any], rules: tuple[RuleResult, ...]) -> str:
    """The page for `summary` (as `jobs.summary` builds it) and the results of the rules, none for a replay."""
    ends = parts(summary)
    plan = summary.get("plan") or {}
    return _environment().get_template("report.html").render(
        summary=summary,
        verdict=verdict(summary),
        ends=ends,
        equation=equation(ends),
        account=draw_account(ends) if summary["rows_read"] else None,
        figures=_figures(summary),
        facts=_facts(summary),
        plan=plan_rows(plan),
        plan_figure=plan_figure(plan),
        rules=sorted(rules, key=lambda rule: (rule.success, not rule.failed)),
        says={rule.name: rule.description for rule in rules},
        settings={key: shown(value) for key, value in summary["settings"].items()},
    )  # fmt: skip


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("jobs.report"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({name: getattr(wording, name) for name in _FILTERS})
    environment.filters["shown"] = shown
    return environment


def _figures(summary: dict[str, Any]) -> dict[str, Figure | None]:
    """The pictures by name; None for one of which the summary knows nothing."""
    timeline = timeline_of(summary)
    return {
        "timeline": timeline_figure(timeline) if timeline else None,
        "requests": requests_figure(summary.get("events_per_request") or ()),
        "days": days_figure(summary["events_by_day"] or {}),
    }


def _facts(summary: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What there is to say of sending: a label, a value, and what to hold it against."""
    rate, limit = summary["achieved_requests_per_second"], summary["max_requests_per_second"]
    attempts, least = summary["request_attempts"], summary["minimum_requests"]
    return [
        (
            "Requests per second",
            f"{rate:,.1f}",
            f"{wording.percent(rate / limit)} of the {wording.thousands(limit)} allowed",
        ),
        ("Requests delivered", f"{summary['requests_delivered']:,}", f"{least:,} were the fewest possible"),
        ("Attempts", f"{attempts:,}", f"{summary['throttled_attempts']:,} of them throttled"),
        _took("Sending took", summary["sending_started_at"], summary["sending_finished_at"]),
        _took("The run took", summary["started_at"], summary["finished_at"]),
    ]


def _took(what: str, began: str | None, ended: str | None) -> tuple[str, str, str]:
    if began is None or ended is None:
        return what, wording.NOTHING, "not known"
    seconds = (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()
    return what, wording.elapsed(seconds), f"{wording.instant(began)} to {wording.instant(ended)}"
