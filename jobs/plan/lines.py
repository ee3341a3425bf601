"""A plan in words: a name and a value for each line, for the terminal and the report.

The distribution of events per request is a histogram, which each of them draws in its own way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta

from core.plurals import counted
from jobs.plan.delivery_plan import Cost, Duration, Need, NotFull, PerUser, Plan
from jobs.plan.import_advice import ImportAdvice
from jobs.plan.ways import Way

Line = tuple[str, str]

_PRICES = "https://aws.amazon.com/personalize/pricing/"
TRIAL_EVENTS = 100
"""How many events a trial is proposed with: ten full requests show a wrong mapping as well as a million do."""
_UNMET = "these events alone lack what follows; what is in the dataset already counts, too"
_TRIAL = (
    f"the ledger has nothing of this tracking ID yet: run with --first {TRIAL_EVENTS} before you send all"
)


def sections(plan: Plan) -> Iterator[list[Line]]:
    """Yield the lines of `plan` without its histogram, in groups."""
    yield [("events to send", f"{plan.events:,}"), ("requests needed", _requests(plan))]
    yield list(_not_full(plan.not_full))
    yield [("session.per_user", _per_user(plan.per_user))]
    yield [
        *_duration(plan.duration),
        ("longest session", f"{counted(plan.longest_session_requests, 'request')} in turn"),
    ]
    yield list(_cost(plan.cost))
    yield [line for way in plan.ways for line in _way(way)] + list(_bulk_import(plan.bulk_import))
    yield list(_model_needs(plan.model_needs))
    if plan.first_contact and plan.events > TRIAL_EVENTS:
        yield [("first contact", _TRIAL)]


def _requests(plan: Plan) -> str:
    if not plan.requests:
        return "0: there is nothing to send"
    return f"{plan.requests:,}, {plan.events / plan.requests:.2f} events each"


def _not_full(not_full: NotFull) -> Iterator[Line]:
    short = counted(not_full.short_sessions, "request")
    yield "not full: short sessions", f"{short} of sessions under 10 events"
    yield "not full: anonymous", f"{counted(not_full.anonymous, 'request')} of sessions without a userId"
    yield "not full: session ends", f"{counted(not_full.session_ends, 'last request')} of longer sessions"


def _per_user(per_user: PerUser) -> str:
    if not per_user.requests_saved:
        return "would save nothing"
    saved = counted(per_user.requests_saved, "request")
    return f"would save {saved}: {per_user.requests:,} instead (see docs/plan.md first)"


def _duration(duration: Duration) -> Iterator[Line]:
    yield f"at {duration.requests_per_second:,g} requests/s", _span(duration.seconds)
    yield f"at the default quota, {duration.default_quota:,}/s", _span(duration.seconds_at_default_quota)


def _cost(cost: Cost) -> Iterator[Line]:
    yield "data to send", f"{cost.bytes / 10**9:,.3f} GB ({cost.bytes:,} bytes)"
    if cost.amount is None:
        yield "cost", f"unknown: set plan.price_per_gb to your region's price for a GB; {_PRICES}"
    else:
        yield "cost", f"{cost.amount:,.2f}, at {cost.price_per_gb:g} a GB (plan.price_per_gb)"


def _way(way: Way) -> Iterator[Line]:
    took = "how long is not documented" if way.seconds is None else _span(way.seconds)
    events, requests = counted(way.events, "event"), counted(way.requests, "request")
    left_out = f"; {counted(way.left_out, 'event')} can't be imported" if way.left_out else ""
    yield f"by {way.name}", f"{events}, {way.bytes / 10**9:,.3f} GB, {requests}, {took}{left_out}"
    yield "", f"{way.effect}; {way.undo}"


def _bulk_import(advice: ImportAdvice) -> Iterator[Line]:
    yield "bulk import", "fits better:" if advice.better else "no better way:"
    for reason in advice.reasons:
        yield "", reason


def _model_needs(needs: tuple[Need, ...]) -> Iterator[Line]:
    unmet = [need for need in needs if not need.is_met]
    yield "what a model needs", _UNMET if unmet else "these events have all of it"
    for need in unmet:
        bound = "at most " if need.at_most else ""
        amount = (
            f"{need.has:,}" if need.at_most and not need.needs else f"{need.has:,} of {bound}{need.needs:,}"
        )
        yield need.name, f"{amount}: {need.consequence} ({need.source})"


def _span(seconds: float) -> str:
    """Return whole seconds, rounded up, as days and clock time."""
    return str(timedelta(seconds=math.ceil(seconds)))
