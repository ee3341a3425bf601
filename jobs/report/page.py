"""Assemble the page from the summary and the rules, through the templates.

The page needs no network and no script, and tells the browser so.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from itertools import chain

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from core.plurals import counted
from expectations.verdict import RuleResult
from jobs.account.summary import ImportEntry, Summary, TableEntry
from jobs.plan.lines import sections
from jobs.report import wording
from jobs.report.account_figure import draw_account
from jobs.report.event_figures import days_figure, requests_figure
from jobs.report.figure import Figure
from jobs.report.flow import equation, parts, verdict
from jobs.report.timeline import timeline_figure, timeline_of

_FILTERS = ("thousands", "percent", "instant", "elapsed", "printable", "shown", "asked_for")


def render_report(summary: Summary, rules: tuple[RuleResult, ...]) -> str:
    """Render the page for `summary`; `rules`: their results, none for a replay."""
    ends = parts(summary)
    return _environment().get_template("report.html").render(
        summary=summary,
        verdict=verdict(summary),
        ends=ends,
        equation=equation(ends),
        account=draw_account(ends) if summary.rows_read else None,
        figures=_figures(summary),
        facts=_facts(summary),
        plan=list(chain.from_iterable(sections(summary.plan))) if summary.plan else [],
        table=_table(summary.source) if isinstance(summary.source, TableEntry) else None,
        imported=_import_facts(summary.bulk_import) if summary.bulk_import else [],
        rules=sorted(rules, key=lambda rule: (rule.success, not rule.failed)),
        says={rule.name: rule.description for rule in rules},
        settings={key: wording.shown(value) for key, value in summary.settings.items()},
    )  # fmt: skip


def load_templates() -> None:
    """Read and compile the templates now, for a later `render_report`.

    YARN deletes a killed container's code while the run in it still closes: nothing can be read from it then
    (`ContainerCleanup` of Hadoop's NodeManager, between SIGTERM and SIGKILL).
    """
    environment = _environment()
    for name in environment.list_templates(extensions=("html", "css")):
        environment.get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("jobs.report"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({"counted": counted} | {name: getattr(wording, name) for name in _FILTERS})
    return environment


def _figures(summary: Summary) -> dict[str, Figure | None]:
    """Return the pictures by name; None for one without data in the summary."""
    timeline = timeline_of(summary)
    return {
        "timeline": timeline_figure(timeline) if timeline else None,
        "requests": requests_figure("requests", summary.events_per_request or ()),
        "planned": requests_figure("planned", summary.plan.events_per_request if summary.plan else ()),
        "days": days_figure(summary.events_by_day or {}),
    }


def _facts(summary: Summary) -> list[tuple[str, str, str]]:
    """Return the facts about sending: a label, a value, and what to compare it with."""
    rate, limit = summary.achieved_requests_per_second, summary.max_requests_per_second
    attempts, min_requests = summary.request_attempts, summary.minimum_requests
    sent_all = summary.requests_delivered >= min_requests
    fewest = "were the fewest possible" if sent_all else "are the fewest for all events to be sent"
    steered = any(request.ask in {"rate", "pause"} and request.heeded_at for request in summary.steering)
    asked = ", with the rates and pauses that were asked for" if steered else ""
    return [
        (
            "Requests per second",
            f"{rate:,.1f}",
            f"{wording.percent(rate / limit)} of the {wording.thousands(limit)} allowed{asked}",
        ),
        (
            "Requests delivered",
            f"{summary.requests_delivered:,}",
            f"{min_requests:,} {fewest}",
        ),
        ("Attempts", f"{attempts:,}", f"{summary.throttled_attempts:,} of them throttled"),
        _took("Sending took", summary.sending_started_at, summary.sending_finished_at),
        _took("The run took", summary.started_at, summary.finished_at),
    ]


def _import_facts(found: ImportEntry) -> list[tuple[str, object]]:
    """Return what is known of an import: a label and a value each, and last the rows it can't hold, by reason."""
    known = found.model_dump(exclude={"not_importable_by_reason"}, exclude_none=True)
    reasons = found.not_importable_by_reason.items()
    return [*known.items(), *((f"not importable: {reason}", rows) for reason, rows in reasons)]


def _table(source: TableEntry) -> str:
    """Return the table and version that was read, in words."""
    name = wording.TABLES.get(source.format, f"a table of {source.format} files")
    if source.as_of is None:
        return name
    at = "" if source.time is None else f" of {wording.instant(source.time)}"
    return f"{name}, version {source.as_of}{at}; to read the same again: --set source.as_of={source.as_of}"


def _took(what: str, began: datetime | None, ended: datetime | None) -> tuple[str, str, str]:
    if began is None or ended is None:
        return what, wording.NOTHING, "not known"
    seconds = (ended - began).total_seconds()
    return what, wording.elapsed(seconds), f"{wording.instant(began)} to {wording.instant(ended)}"
