"""The runs in an output folder and their accounts, from the folder alone.

A run that left a summary has its account there, and one that ended with an error its sentence. For any
other the lease says whether it is in progress: a run that ends in order releases it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import pyarrow as pa

from core.contested_file import control_file
from core.errors import StorageError
from core.plurals import counted
from core.storage import Folder, join
from delivery.receipts.dead_letters import stored_count
from delivery.receipts.ledger import whole_ledger
from delivery.receipts.segments import Segment
from jobs.account.summary import NAME as SUMMARY
from jobs.account.summary import Summary, read_summary
from jobs.control.control_file import ControlFile
from jobs.errors import UsageError
from jobs.leases.lease_files import run_holders
from jobs.leases.lease_record import LeaseRecord
from jobs.leases.process_identity import ProcessIdentity
from jobs.runs.run_error import RunError, read_error
from jobs.runs.run_folder import RunFolder

UNDER_WAY, FAILED, NO_SUMMARY, DAMAGED = "under_way", "failed", "no_summary", "damaged"
"""Statuses of a run next to those of `Status`: no summary yet, an error instead, neither, one that can't be read."""

_READERS = 16
Runs = Callable[[ProcessIdentity], bool | None]
"""Whether a process runs on this machine, and None if that is unknown."""


@dataclass(frozen=True, slots=True)
class RunState:
    """A run's status, since when in ISO 8601 (None if unknown), its summary if that is of this run, and a sentence."""

    status: str
    started_at: str | None = None
    summary: Summary | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run. `dead_letters`: distinct events in its folder, None if they can't be counted."""

    run_id: str
    state: RunState
    dead_letters: int | None
    ledger_files: int


def runs_below(output: str, runs: Runs) -> list[ListedRun]:
    """Return every run in `output`, the oldest first; one that has just begun may have only its lease.

    Raises:
        UsageError: `output` is not an output folder.
        StorageError: it can't be read.
    """
    require_output(output)
    holders = _in_their_own_folders(run_holders(output))
    names = sorted({*Folder(join(output, "runs")).folder_names(), *holders})
    recorded = _recorded_by_run(output)
    with ThreadPoolExecutor(_READERS) as readers:
        listed = partial(_listed, output=output, holders=holders, recorded=recorded, runs=runs)
        found = list(readers.map(listed, names))
    return sorted(found, key=lambda run: (run.state.started_at or "", run.run_id))


def runs_under_way(output: str, runs: Runs) -> dict[str, LeaseRecord | None]:
    """Return the runs that hold their folder's lease, by run id, with its record; None if it can't be read.

    A run on another machine that died without releasing its lease still counts.

    Raises:
        UsageError: `output` is not an output folder.
        StorageError: it can't be read.
    """
    require_output(output)
    held = _in_their_own_folders(run_holders(output))
    return {run_id: holder for run_id, holder in sorted(held.items()) if _may_live(holder, runs)}


def _may_live(holder: LeaseRecord | None, runs: Runs) -> bool:
    process = holder.process if holder else None
    return process is None or runs(process) is not False


def require_output(output: str) -> None:
    """Check that `output` is an output folder.

    Raises:
        UsageError: it is not one.
        StorageError: it can't be read.
    """
    if not {"runs", "ledger", "_leases"} & set(Folder(output).folder_names()):
        raise UsageError(
            f"{output} is not an output folder: it holds neither runs/ nor ledger/. Give a run's output.path.",
        )


def _in_their_own_folders(holders: dict[str, LeaseRecord | None]) -> dict[str, LeaseRecord | None]:
    """Return the holders without the replays that only read in another run's folder: that run is not in progress."""
    return {run_id: holder for run_id, holder in holders.items() if not holder or holder.run_id == run_id}


@dataclass(slots=True)
class _Recorded:
    """Files of the ledger that are not put together with others yet: all of a run, and rows by its executions."""

    files: int = 0
    rows: Counter[str] = field(default_factory=Counter)


def _recorded_by_run(output: str) -> Mapping[str, _Recorded]:
    ledger = whole_ledger(output)
    folders = [ledger, *(Folder(join(ledger.url, name)) for name in ledger.folder_names())]
    found: dict[str, _Recorded] = defaultdict(_Recorded)
    for segment in (Segment.parse(name) for folder in folders for name in folder.names()):
        if segment:
            found[segment.run_id].files += 1
            found[segment.run_id].rows[segment.execution] += segment.rows or 0
    return found


def _listed(
    run_id: str,
    *,
    output: str,
    holders: dict[str, LeaseRecord | None],
    recorded: Mapping[str, _Recorded],
    runs: Runs,
) -> ListedRun:
    own = recorded.get(run_id, _Recorded())
    state = _state(RunFolder(output, run_id), holders, own.rows, runs)
    return ListedRun(run_id, state, _dead_letters(output, run_id), own.files)


def _state(
    run: RunFolder, holders: dict[str, LeaseRecord | None], recorded: Mapping[str, int], runs: Runs
) -> RunState:
    """Return the state of a run: one that holds its lease is in progress; else its files decide."""
    holder = holders.get(run.run_id)
    since = holder.since if holder else None
    if run.run_id in holders and _may_live(holder, runs):
        note = " ".join([_last_heard(holder), *_accepted(holder, recorded), *_steered(run)])
        return RunState(UNDER_WAY, since, note=note)
    try:
        if error := read_error(run.folder()):
            return _failed(error, run.folder())
        if summary := read_summary(run.folder()):
            return RunState(str(summary.status), summary.started_at.isoformat(), summary, summary.reason)
    except (UsageError, StorageError) as error:
        return RunState(DAMAGED, note=str(error))
    return RunState(NO_SUMMARY, since, note="It ended without a summary: run the same command again.")


def _failed(error: RunError, folder: Folder) -> RunState:
    """Return a failed run: `error.json` is the newest file, as a run that writes its own files deletes it."""
    first_line = error.error.partition("\n")[0]
    earlier = " Its summary.json is of an earlier run with this id." if SUMMARY in folder.names() else ""
    note = f"exit code {error.exit_code}: {first_line}{earlier}"
    return RunState(FAILED, error.started_at.isoformat(), note=note)


def _last_heard(holder: LeaseRecord | None) -> str:
    if holder is None:
        return "Its lease can't be read: look again."
    return f"On {holder.host}; last heard of at {holder.renewed_at}."


def _accepted(holder: LeaseRecord | None, recorded: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence on what a run in progress has recorded; none before that, and while it sorts the ledger."""
    if holder and (rows := recorded.get(holder.execution)):
        yield f"{counted(rows, 'event')} recorded as accepted."


def _steered(run: RunFolder) -> Iterator[str]:
    """Yield sentences on the steering of a run in progress; none if it can't be known."""
    try:
        record = ControlFile(control_file(run.output, run.run_id)).read()
    except StorageError:
        return
    if record is not None and record.paused:
        yield "Paused."
    if record is not None and record.requests_per_second != record.max_requests_per_second:
        yield f"At most {record.requests_per_second:g} requests/s."


def _dead_letters(output: str, run_id: str) -> int | None:
    try:
        return stored_count(output, run_id)
    except (StorageError, pa.ArrowException, OSError):
        return None
