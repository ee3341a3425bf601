"""The leases that a run holds in the output, so that no other run interferes.

Every run holds the lease of its own folder, which it replaces, and a replay also that of the run whose dead
letters it reads. A run that sends also holds the lease of its tracking ID, since two at once would be two
full rates. A `--plan` sends nothing and may run at the same time as any run of another name.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from core.lease_store import LeaseStore
from jobs.errors import UsageError
from jobs.leases.lease_files import run_folder_lease, tracking_id_lease
from jobs.leases.lease_keeper import LeaseKeeper, wait_for
from jobs.leases.lease_record import LeaseRecord
from jobs.leases.process_identity import is_running, this_process
from jobs.leases.run_lease import STALE_SECONDS, HeldLease, LeaseHeldError, LeaseRequest
from jobs.prepare.preparation import Prepared
from jobs.runs.run_folder import RunFolder

_LOG = logging.getLogger("put_events")


@contextmanager
def held_leases(
    prepared: Prepared,
    execution: str,
    on_lost: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    *,
    reads_run: str | None = None,
) -> Iterator[LeaseKeeper]:
    """Hold the run's leases within the block; yield the keeper of the run's own folder.

    `reads_run`: another run, whose folder must not change during the block.

    If a holder died elsewhere, it waits for up to 45 seconds. `on_lost` is called, from another thread,
    with the reason to stop at once.

    Raises:
        UsageError: another run holds one of them, and is alive.
        StorageError: the output can't be read or written.
    """
    record = _record(prepared.run.run_id, execution)
    requests = [
        (doing, LeaseRequest(store, record, clock, is_running))
        for doing, store in _needed_leases(prepared, reads_run)
    ]
    for _, request in requests:
        request.observe()  # all of them from now on: two dead holders are waited for once
    with ExitStack() as stack:
        # Always the folder first: of two runs that want both, one gets both.
        keepers = []
        for doing, request in requests:
            lease = _wait_for(request, doing, sleep)
            keepers.append(stack.enter_context(LeaseKeeper(lease, on_lost, _now)))
        yield keepers[0]


def _needed_leases(prepared: Prepared, reads_run: str | None) -> list[tuple[str, LeaseStore]]:
    """Return the leases that the run needs, each with what its holder does."""
    run = prepared.run
    names = [run.run_id] if reads_run is None else [run.run_id, reads_run]
    leases = [("working in the same run's folder", run_folder_lease(run.output, name)) for name in names]
    if not prepared.plan_only:
        tracking_id = prepared.settings.personalize.tracking_id
        sending = "sending to the same tracking ID from the same output"
        leases.append((sending, tracking_id_lease(run.output, tracking_id)))
    return leases


def request_folder_lease(run: RunFolder, execution: str) -> LeaseRequest:
    """Return a request for the lease of the run's own folder alone, which is to be tried once."""
    return LeaseRequest(
        run_folder_lease(run.output, run.run_id), _record(run.run_id, execution), time.monotonic, is_running
    )


def _record(run_id: str, execution: str) -> LeaseRecord:
    return LeaseRecord(
        run_id=run_id,
        execution=execution,
        host=socket.gethostname(),
        process=this_process(),
        since=_now(),
        renewed_at=_now(),
    )


def _wait_for(request: LeaseRequest, doing: str, sleep: Callable[[float], None]) -> HeldLease:
    try:
        return wait_for(request, sleep, _say_waiting)
    except LeaseHeldError as holder:
        raise UsageError(
            f"the run can't begin: {holder} is {doing}. "
            "Wait for its end, or stop it; if it died, its lease expires within a minute.",
        ) from None


def _say_waiting(holder: LeaseRecord | None) -> None:
    _LOG.info(
        "waiting up to %.0f seconds for the lease of %s, which may have died, to expire",
        STALE_SECONDS,
        holder or "another run",
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
