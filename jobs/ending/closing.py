"""The end of a run: validation, report and, last of all, the summary; then its last log lines."""

from __future__ import annotations

import logging
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bulk.import_record import State
from core.errors import StorageError
from core.plurals import counted
from core.storage import Folder
from delivery.receipts.dead_letters import prepare_folder
from expectations.documents import write_validation
from expectations.verdict import RuleResult, Verdict
from jobs.account.exit_status import Status
from jobs.account.summary import Summary, write_summary
from jobs.ending.outcome import Outcome
from jobs.ending.summary_making import summary_of
from jobs.errors import UnaccountedError
from jobs.plan.table import print_plan
from jobs.prepare.preparation import Prepared
from jobs.report.flow import NO_ROW
from jobs.report.page import render_report
from jobs.runs.run_folder import RunFolder
from jobs.steps.import_account import account_line

_LOG = logging.getLogger("put_events")


def close(prepared: Prepared, outcome: Outcome) -> int:
    """Write the result of the run, log it, and return the exit code.

    Raises:
        StorageError: the output can't be written; nothing was sent.
        UnaccountedError: the same, after events were sent or an import job was made.
    """
    summary = summary_of(prepared, outcome, datetime.now(UTC))
    try:
        _write(prepared.run, summary, outcome.checked.verdict if outcome.checked else None)
    except StorageError as error:
        done = _done(outcome)
        if done is None:
            raise
        raise UnaccountedError(
            f"{done}, and then the output failed: {error} Run the same command again after that."
        ) from error
    _say(summary, prepared.run.url)
    return summary.exit_code


def _done(outcome: Outcome) -> str | None:
    """Return what the run did at Personalize, None where it did nothing there."""
    if outcome.sent.request_attempts:
        return f"{counted(outcome.sent.events_delivered, 'event')} delivered"
    if outcome.imported and outcome.imported.record.state is not State.WRITTEN:
        return f"the import job {outcome.imported.record.job_name} went to Personalize"
    return None


def _write(run: RunFolder, summary: Summary, verdict: Verdict | None) -> None:
    folder = run.folder()
    if verdict is not None:
        with tempfile.TemporaryDirectory() as local:
            write_validation(verdict, Path(local))
            folder.upload(Path(local))
    prepare_folder(run.output, run.run_id)
    _write_report(folder, summary, verdict.results if verdict else ())
    write_summary(folder, summary)


def _write_report(folder: Folder, summary: Summary, rules: tuple[RuleResult, ...]) -> None:
    try:
        page = render_report(summary, rules)
    except Exception as error:  # noqa: BLE001 - for any error of a drawing: the summary must be written
        _LOG.warning("report.html could not be drawn (%s); summary.json says the same.", type(error).__name__)
    else:
        folder.write_bytes("report.html", page.encode())


def _say(summary: Summary, url: str) -> None:
    if summary.plan is not None:
        print_plan(summary.plan)
    if summary.status is Status.WRITTEN and summary.bulk_import:
        print(summary.bulk_import.call)
    _LOG.info("%s; %s/summary.json", account_line(summary), url)
    if summary.reason:
        _LOG.warning("%s", summary.reason)
    elif not summary.rows_read:
        _LOG.warning("%s", _why_nothing(summary))


def _why_nothing(summary: Summary) -> str:
    if summary.replay_of is not None:
        return f"run {summary.replay_of} left no dead letters: there was nothing to send again"
    return NO_ROW
