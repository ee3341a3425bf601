"""The account as a flow: the rows read, and the ends that each of them has one of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.plurals import counted
from jobs.account.exit_status import TRIAL_IS_OVER, Status
from jobs.account.summary import Summary

_PARTS = (
    ("rows_rejected", "rejected", "failed a check; whole rows with reasons in rejected/"),
    ("duplicates_dropped", "duplicates", "the same event more than once in the source"),
    ("already_delivered", "delivered before", "by an earlier run or import"),
    ("events_delivered", "delivered", "accepted by the service in this run"),
    ("events_dead_lettered", "dead letters", "refused by the service or out of attempts; in dead_letters/"),
    ("events_not_attempted", "not attempted", "valid, not sent in this run; the next run sends them"),
)


_IMPORT_PARTS = (
    *_PARTS[:3],
    ("rows_written", "written", "in the files of the import"),
    ("rows_not_importable", "not importable", "bulk data can't hold them; the reasons are below"),
)
NO_ROW = "no row was read: the source, source.filter, source.select and the window leave none"
_NO_ROW = f"{NO_ROW.capitalize()}."


@dataclass(frozen=True, slots=True)
class FlowPart:
    """One end: its key in the summary, a name, what it means, rows; share of all and where it starts (0 to 1)."""

    key: str
    name: str
    meaning: str
    rows: int
    share: float
    start: float


def parts(summary: Summary) -> list[FlowPart]:
    """Return the ends in the order of the account, each where the one before it stops; an import has its own."""
    read, before, found = summary.rows_read, 0, []
    for key, name, meaning in _IMPORT_PARTS if summary.bulk_import else _PARTS:
        rows = getattr(summary if key in Summary.model_fields else summary.bulk_import, key)
        share, start = (rows / read, before / read) if read else (0.0, 0.0)
        found.append(FlowPart(key, name, meaning, rows, share, start))
        before += rows
    return found


def equation(ends: list[FlowPart]) -> str:
    """Return the ends that are not empty, as they make up the rows read: `600 duplicates + 9,400 delivered = …`."""
    terms = " + ".join(f"{end.rows:,} {end.name}" for end in ends if end.rows) or "nothing"
    return f"{terms} = {counted(sum(end.rows for end in ends), 'row')} read"


def verdict(summary: Summary) -> str:
    """Return the whole run in one sentence."""
    return _VERDICTS[summary.status](summary)


def _delivered(summary: Summary) -> str:
    sent, before = summary.events_delivered, summary.already_delivered
    if not sent + before:
        return "There was nothing to send." if summary.rows_read else _NO_ROW
    if not sent:
        return f"Nothing was left to send: the service had {counted(before, 'event')} already."
    earlier = f"; {before:,} it had already" if before else ""
    whole = "The one event" if sent == 1 else f"All {sent:,} events"
    return f"{whole} to send went out and {'was' if sent == 1 else 'were'} accepted by the service{earlier}."


def _planned(summary: Summary) -> str:
    events, requests = summary.events_not_attempted, summary.minimum_requests
    if not summary.rows_read and not events:
        return _NO_ROW
    return f"Planned only: {counted(events, 'event')} would go out in {counted(requests, 'request')}."


def _refused(summary: Summary) -> str:
    if summary.bulk_import:  # the checks had let them pass
        return "Too few rows were left for an import job: nothing was imported."
    held = summary.events_not_attempted
    kept = f"; {counted(held, 'valid event')} {'was' if held == 1 else 'were'} held back" if held else ""
    return f"The checks refused the data: not one request was sent{kept}."


def _dead_lettered(summary: Summary) -> str:
    sent, dead = (counted(n, "event") for n in (summary.events_delivered, summary.events_dead_lettered))
    return f"{sent} accepted by the service; {dead} it did not take, kept in dead_letters/."


def _stopped(summary: Summary) -> str:
    if not summary.rows_read:
        return "The run ended before its checks had: nothing was sent. Run the same command again."
    sent, left = counted(summary.events_delivered, "event"), summary.events_not_attempted
    ended = f"The run ended early: {sent} delivered, {left:,} not attempted."
    # A trial's own reason says how to go on.
    return ended if summary.reason == TRIAL_IS_OVER else f"{ended} Run the same command again to go on."


def _imported(summary: Summary) -> str:
    rows = summary.events_delivered
    return f"Personalize imported {counted(rows, 'event')}." if rows else "There was nothing to import."


def _written(summary: Summary) -> str:
    return f"Written only: {counted(_rows_written(summary), 'event')} can be imported; the call that does it is below."


def _import_failed(summary: Summary) -> str:
    return f"Personalize did not import the {counted(_rows_written(summary), 'event')}."


def _rows_written(summary: Summary) -> int:
    return summary.bulk_import.rows_written if summary.bulk_import else 0


_VERDICTS: dict[Status, Callable[[Summary], str]] = {
    Status.DELIVERED: _delivered,
    Status.PLANNED: _planned,
    Status.REFUSED: _refused,
    Status.DEAD_LETTERED: _dead_lettered,
    Status.STOPPED: _stopped,
    Status.IMPORTED: _imported,
    Status.WRITTEN: _written,
    Status.IMPORT_FAILED: _import_failed,
}
