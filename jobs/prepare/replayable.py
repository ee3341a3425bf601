"""Check that a run's dead letters can be sent again. Reads footers and no event."""

from __future__ import annotations

from core.storage import Folder
from delivery.receipts.dead_letters import without_envelope
from jobs.account.summary import read_summary
from jobs.errors import UsageError
from jobs.runs.run_folder import RunFolder


def require_dead_letters(first: RunFolder, tracking_id: str) -> None:
    """Check that the run `first` left dead letters, complete, and meant for `tracking_id`.

    Raises:
        UsageError: it did not.
        StorageError: its folder can't be read.
    """
    if not Folder(first.dead_letters).names():
        raise UsageError(
            f"run {first.run_id} can't be replayed: there are no dead letters at {first.dead_letters}. "
            f"See personalize-backfill inspect {first.output} for the runs.",
        )
    if name := without_envelope(first.output, first.run_id):
        raise UsageError(
            f"{first.dead_letters}/{name} has no column envelope: an earlier version wrote it. Run the command "
            "of that run again instead; it sends what the ledger lacks.",
        )
    _require_same_tracker(first, tracking_id)


def _require_same_tracker(first: RunFolder, tracking_id: str) -> None:
    """Check the tracking ID; a run that was killed left no summary, so that only the configuration has it."""
    summary = read_summary(first.folder())
    if summary is not None and summary.tracking_id != tracking_id:
        raise UsageError(
            f"personalize.tracking_id: it is not the one that run {first.run_id} sent to. Replay it with the "
            "configuration that it ran with.",
        )
