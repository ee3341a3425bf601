"""The run whose requests are verified, and its summary's counts of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bulk.metrics import Calls
from core.storage import Folder, join
from jobs.account.summary import Summary, read_summary
from jobs.errors import UsageError
from jobs.runs.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class VerifiedRun:
    """A run that sent, and its calls."""

    run_id: str
    calls: Calls


def verified_run(output: str, run_id: str | None) -> VerifiedRun | None:
    """Return the run `run_id`, or the newest that sent; None where it, or every one, sent nothing.

    Raises:
        UsageError: it has no summary, or a damaged one.
        StorageError: the output can't be read.
    """
    if run_id is not None:
        sent = _summary(output, run_id)
        if sent is None:
            raise UsageError(
                f"--run-id {run_id}: it left no summary below {output}. See personalize-backfill inspect {output}."
            )
        return _verified(run_id, sent)
    runs = [(name, _summary(output, name)) for name in Folder(join(output, "runs")).folder_names()]
    ended = [_verified(name, sent) for name, sent in runs if sent is not None]
    return max(filter(None, ended), key=_began, default=None)


def _summary(output: str, run_id: str) -> Summary | None:
    return read_summary(RunFolder(output, run_id).folder())


def _began(run: VerifiedRun) -> datetime:
    return run.calls.began


def _verified(run_id: str, sent: Summary) -> VerifiedRun | None:
    if not sent.request_attempts:
        return None
    began, ended = sent.sending_started_at or sent.started_at, sent.sending_finished_at or sent.finished_at
    return VerifiedRun(run_id, Calls(sent.requests_delivered, sent.request_attempts, began, ended))
