"""The run that is verified, by its summary: its requests and its import."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from bulk.metrics import Calls
from core.errors import StorageError
from core.storage import Folder, join
from delivery.receipts.ledger import ledger_folder, whole_ledger
from delivery.receipts.sorted_ledger import last_accepted
from jobs.account.summary import Summary, read_summary
from jobs.errors import UsageError
from jobs.runs.run_folder import RunFolder
from jobs.steps.delivered_before import LedgerFiles


@dataclass(frozen=True, slots=True)
class VerifiedRun:
    """A run, its calls if it made any, and the location of the files whose import it waited for."""

    run_id: str
    calls: Calls | None = None
    import_location: str | None = None


def verified_run(output: str, tracking_id: str, run_id: str | None) -> VerifiedRun | None:
    """Return the run `run_id`, or the newest that sent to `tracking_id`; None where no run did.

    Raises:
        UsageError: it has no summary, a damaged one, or one of another tracking ID.
        StorageError: the output can't be read.
    """
    if run_id is not None:
        return _named(output, tracking_id, run_id)
    summaries = (_summary(output, name) for name in Folder(join(output, "runs")).folder_names())
    sent = [each for each in summaries if each is not None and each.tracking_id == tracking_id]
    return max((_verified(each) for each in sent if each.request_attempts), key=_began, default=None)


def last_sent(output: str, tracking_id: str, newest: VerifiedRun | None, now: datetime) -> datetime | None:
    """Return the newest time at which a run is known to have sent; None where none is known.

    The `newest` run's summary says when it ended. One that was killed left none, but what the service accepted is in
    the ledger. It is `now` where that has files that a run sorts when it ends: then a run may go on.

    Raises:
        StorageError: the ledger can't be read.
    """
    files = LedgerFiles.find(output, tracking_id)
    if files.segments:
        return now
    try:
        accepted = _accepted(output, tracking_id, files)
    except StorageError:
        if LedgerFiles.find(output, tracking_id) == files:
            raise
        return now  # a run has deleted files, as it does when it sorts the ledger
    ended = newest.calls.ended if newest is not None and newest.calls is not None else None
    return max((moment for moment in (*accepted, ended) if moment is not None), default=None)


def _accepted(output: str, tracking_id: str, files: LedgerFiles) -> tuple[datetime | None, datetime | None]:
    """Return the newest acceptance in the ledger's sorted files, and in those of earlier versions."""
    old = [url.rpartition("/")[2] for url in files.old]
    names = [file.name for file in files.sorted.values()]
    return last_accepted(ledger_folder(output, tracking_id), names), last_accepted(whole_ledger(output), old)


def _named(output: str, tracking_id: str, run_id: str) -> VerifiedRun:
    summary = _summary(output, run_id)
    if summary is None:
        raise UsageError(
            f"--run-id {run_id}: it left no summary below {output}. See personalize-backfill inspect {output}."
        )
    if summary.tracking_id != tracking_id:
        raise UsageError(
            f"--run-id {run_id}: personalize.tracking_id is not the one that this run was for. Verify it with the "
            "configuration that it ran with."
        )
    return _verified(summary)


def _summary(output: str, run_id: str) -> Summary | None:
    return read_summary(RunFolder(output, run_id).folder())


def _began(run: VerifiedRun) -> datetime:
    return run.calls.began if run.calls else datetime.min.replace(tzinfo=UTC)


def _verified(summary: Summary) -> VerifiedRun:
    location = summary.bulk_import.location if summary.bulk_import else None
    return VerifiedRun(summary.run_id, _calls(summary), location)


def _calls(sent: Summary) -> Calls | None:
    if not sent.request_attempts:
        return None
    began, ended = sent.sending_started_at or sent.started_at, sent.sending_finished_at or sent.finished_at
    return Calls(sent.requests_delivered, sent.request_attempts, began, ended)
