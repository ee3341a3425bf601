"""The making of a run's summary out of its outcome."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from delivery.request import events_per_request
from jobs.account.closed_account import Sent, Staged, events_not_attempted, status_of
from jobs.account.event_counts import OTHER, EventCounts
from jobs.account.exit_status import Status
from jobs.account.summary import SteeringEntry, Summary, TimelineEntry
from jobs.config.shown_settings import shown_settings
from jobs.control.record import ControlRequest
from jobs.ending.outcome import Outcome
from jobs.plan.delivery_plan import Plan
from jobs.plan.model_needs import Counted
from jobs.plan.planning import plan
from jobs.prepare.preparation import Prepared
from jobs.steps.import_account import import_entry, import_status, rows_imported


def summary_of(prepared: Prepared, outcome: Outcome, finished_at: datetime) -> Summary:
    """Return the account of a run that has ended."""
    staged = outcome.checked.staged if outcome.checked else Staged()
    sent, settings = _sent_or_imported(outcome), prepared.settings
    status = _status(prepared, outcome, staged, sent)
    return Summary(
        run_id=prepared.run.run_id,
        status=status,
        exit_code=status.exit_code,
        reason=outcome.refusal or sent.stop_reason or _failure_of(outcome),
        tracking_id=settings.personalize.tracking_id,
        rows_read=staged.rows_read,
        rows_rejected=staged.rows_rejected,
        duplicates_dropped=staged.duplicates_dropped,
        already_delivered=staged.already_delivered,
        events_delivered=sent.events_delivered,
        events_dead_lettered=sent.events_dead_lettered,
        events_not_attempted=events_not_attempted(staged, sent),
        requests_delivered=sent.requests_delivered,
        request_attempts=sent.request_attempts,
        throttled_attempts=sent.throttled_attempts,
        minimum_requests=staged.minimum_requests,
        rejected_by_reason=staged.rejected_by_reason,
        max_requests_per_second=settings.delivery.max_requests_per_second,
        achieved_requests_per_second=round(sent.requests_per_second, 3),
        started_at=outcome.started_at,
        sending_started_at=_instant(sent.started_at),
        sending_finished_at=_instant(sent.finished_at),
        finished_at=finished_at,
        timeline=TimelineEntry.of(sent.timeline),
        events_per_request=_events_per_request(sent),
        replay_of=outcome.replay_of,
        source=outcome.checked.source if outcome.checked else None,
        steering=tuple(map(_steering, outcome.steering)),
        bulk_import=import_entry(prepared, outcome.written, outcome.imported),
        plan=_plan(prepared, outcome),
        events_by_day=outcome.counts.by_day if outcome.counts else None,
        events_by_type=outcome.counts.by_type if outcome.counts else None,
        settings=shown_settings(settings),
    )


def _plan(prepared: Prepared, outcome: Outcome) -> Plan | None:
    """Return the plan of sending, refused or not; None if none was requested or the check did not end."""
    checked = outcome.checked
    if checked is None or checked.lengths is None:
        return None
    settings = prepared.settings
    return plan(
        checked.lengths,
        settings.personalize.tracking_id,
        settings.delivery.max_requests_per_second,
        settings.plan.price_per_gb,
        begun_at=outcome.started_at,
        counted=_counted(outcome.counts),
        first_contact=checked.first_contact,
    )


def _counted(counts: EventCounts | None) -> Counted | None:
    if counts is None:
        return None
    return Counted(counts.by_day, None if OTHER in counts.by_type else counts.by_type)


def _status(prepared: Prepared, outcome: Outcome, staged: Staged, sent: Sent) -> Status:
    status = status_of(staged, sent, planned=prepared.plan_only, refused=outcome.refusal is not None)
    if outcome.written is None or outcome.refusal or sent.stop_reason:
        return status
    return import_status(outcome.imported)


def _sent_or_imported(outcome: Outcome) -> Sent:
    """Return what the service has of the staged events: by PutEvents, or by an import that ended well."""
    if outcome.imported is None:
        return outcome.sent
    return replace(
        outcome.sent,
        events_delivered=rows_imported(outcome.imported),
        stop_reason=outcome.sent.stop_reason or outcome.imported.stop_reason,
    )


def _failure_of(outcome: Outcome) -> str | None:
    """Return why Personalize did not take the data of an import."""
    return outcome.imported.failure if outcome.imported else None


def _steering(request: ControlRequest) -> SteeringEntry:
    return SteeringEntry(
        ask=str(request.ask),
        requests_per_second=request.rate,
        by=request.by,
        asked_at=request.asked_at,
        heeded_at=request.heeded_at,
    )


def _instant(epoch: float | None) -> datetime | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC)


def _events_per_request(sent: Sent) -> tuple[int, ...] | None:
    """Return delivered requests with one event, with two, and so on, up to as many as a request may hold."""
    if not sent.requests_by_events:
        return None
    return tuple(sent.requests_by_events[events] for events in range(1, events_per_request() + 1))
