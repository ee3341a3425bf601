"""The end of a run: validation, report and, last of all, the summary; then its last log lines.

The status follows from the account.
"""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from core.errors import StorageError
from core.storage import Folder
from delivery.receipts.dead_letters import prepare_folder
from expectations.documents import write_validation
from expectations.verdict import RuleResult
from jobs.account.closed_account import Account, Sent, Staged
from jobs.account.event_counts import OTHER, EventCounts
from jobs.account.exit_status import Status
from jobs.account.summary import Ending, summary_of, write_summary
from jobs.config.shown_settings import shown_settings
from jobs.control.record import Request
from jobs.errors import UnaccountedError
from jobs.plan.delivery_plan import Plan, plan
from jobs.plan.lines import Line, sections
from jobs.plan.model_needs import Counted
from jobs.plan.table import print_plan
from jobs.prepare.preparation import Prepared
from jobs.report.page import render_report
from jobs.steps.checking import Checked
from jobs.steps.import_account import account_line, import_account, import_status, rows_imported
from jobs.steps.import_files import Written
from jobs.steps.importing import Imported

_LOG = logging.getLogger("put_events")


@dataclass(slots=True)
class Outcome:
    """What is known of a run so far. `checked` is None until the check has ended, `refusal` unless the gate is shut.

    `counts` are of what was to be sent; None where that was not counted. `replay_of`: the run whose dead letters it
    sends again. `steering`: what was asked of the run while it was under way.
    `written` and `imported`: of an import, in place of `sent`.
    """

    started_at: datetime
    replay_of: str | None = None
    checked: Checked | None = None
    refusal: str | None = None
    sent: Sent = field(default_factory=Sent)
    counts: EventCounts | None = None
    steering: tuple[Request, ...] = ()
    written: Written | None = None
    imported: Imported | None = None


def close(prepared: Prepared, outcome: Outcome) -> int:
    """Write the result of the run, log it, and return the exit code.

    Raises:
        StorageError: the output can't be written; nothing was sent.
        UnaccountedError: the same, after events were sent.
    """
    ending = _ending(prepared, outcome)
    try:
        _write(prepared, outcome.checked, ending)
    except StorageError as error:
        if not outcome.sent.request_attempts:
            raise
        raise UnaccountedError(
            f"{outcome.sent.events_delivered} events were delivered, and then the output failed: {error} "
            "Correct the output and run the same command again."
        ) from error
    _say(ending, prepared.run.url)
    return ending.status.exit_code


def _ending(prepared: Prepared, outcome: Outcome) -> Ending:
    account = Account(outcome.checked.staged if outcome.checked else Staged(), _sent_or_imported(outcome))
    settings = prepared.settings
    return Ending(
        run_id=prepared.run.run_id,
        tracking_id=settings.personalize.tracking_id,
        status=_status(prepared, outcome, account),
        reason=outcome.refusal or account.sent.stop_reason or _failure_of(outcome),
        account=account,
        max_requests_per_second=settings.delivery.max_requests_per_second,
        started_at=outcome.started_at,
        finished_at=datetime.now(UTC),
        plan=_plan(prepared, outcome),
        counts=outcome.counts,
        settings=shown_settings(settings),
        replay_of=outcome.replay_of,
        source=outcome.checked.source if outcome.checked else None,
        steering=outcome.steering,
        bulk_import=import_account(prepared, outcome.written, outcome.imported),
    )


def _status(prepared: Prepared, outcome: Outcome, account: Account) -> Status:
    status = account.status(planned=prepared.plan_only, refused=outcome.refusal is not None)
    if outcome.written is None or outcome.refusal or account.sent.stop_reason:
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


def _write(prepared: Prepared, checked: Checked | None, ending: Ending) -> None:
    folder = prepared.run.folder()
    verdict = checked.verdict if checked else None
    if verdict is not None:
        with tempfile.TemporaryDirectory() as local:
            write_validation(verdict, Path(local))
            folder.upload(Path(local))
    prepare_folder(prepared.run.output, prepared.run.run_id)
    summary = summary_of(ending)
    lines = tuple(chain.from_iterable(sections(ending.plan))) if ending.plan else ()
    _write_report(folder, summary, verdict.results if verdict else (), lines)
    write_summary(folder, summary)


def _write_report(
    folder: Folder, summary: dict[str, Any], rules: tuple[RuleResult, ...], plan: tuple[Line, ...]
) -> None:
    try:
        page = render_report(summary, rules, plan)
    except Exception as error:  # noqa: BLE001 - for any error of a drawing: the summary must be written
        _LOG.warning("report.html could not be drawn (%s); summary.json says the same.", type(error).__name__)
    else:
        folder.write_bytes("report.html", page.encode())


def _say(ending: Ending, url: str) -> None:
    if ending.plan is not None:
        print_plan(ending.plan)
    staged, sent = ending.account.staged, ending.account.sent
    if ending.bulk_import is not None:
        if ending.status is Status.WRITTEN:
            print(ending.bulk_import["call"])
        _LOG.info("%s; %s/summary.json", account_line(ending.status, staged, ending.bulk_import), url)
    else:
        _LOG.info(
            "%s: %d rows read = %d rejected + %d duplicates + %d delivered before + %d delivered + %d dead letters"
            " + %d not attempted; %s/summary.json",
            ending.status,
            staged.rows_read,
            staged.rows_rejected,
            staged.duplicates_dropped,
            staged.already_delivered,
            sent.events_delivered,
            sent.events_dead_lettered,
            ending.account.events_not_attempted,
            url,
        )
    if ending.reason:
        _LOG.warning("%s", ending.reason)
    elif not staged.rows_read:
        _LOG.warning("no row was read: source.path, source.filter and the window leave none")
