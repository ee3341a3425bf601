"""The places in the output that a run holds while it is under way, so that no other run is in its way.

Every run holds its own folder, which it replaces, and a replay also that of the run whose dead letters it reads. A run
that sends also holds its tracking ID, since two at once would be two full rates. A `--plan` sends nothing and may run
beside anything but a run of its own name. How a place is held is `delivery`'s business.
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
from jobs.leases.lease_keeper import LeaseKeeper, wait_for
from jobs.leases.lease_record import LeaseRecord
from jobs.leases.places import run_place, sending_place
from jobs.leases.process_identity import is_running, this_process
from jobs.leases.run_lease import STALE_SECONDS, Bid, Lease, PlaceHeldError
from jobs.prepare.preparation import Prepared
from jobs.runs.run_folder import RunFolder

_LOG = logging.getLogger("put_events")


@contextmanager
def held_places(
    preparation: Prepared,
    execution: str,
    on_lost: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    *,
    reads_run: str | None = None,
) -> Iterator[LeaseKeeper]:
    """Hold the run's places within the block; gives the keeper of the run's own folder.

    `reads_run`: another run, whose folder must stay as it is meanwhile.

    After a holder that died elsewhere it waits for up to 45 seconds. `on_lost` is called, from another thread, with the
    reason to stop at once.

    Raises:
        UsageError: another run holds one of them, and lives.
        StorageError: the output can't be read or written.
    """
    record = _record(preparation.run.run_id, execution)
    bids = [
        (doing, Bid(store, record, clock, is_running)) for doing, store in _places(preparation, reads_run)
    ]
    for _, bid in bids:
        bid.watch()  # all of them from now on: two dead holders' silence is waited out once
    with ExitStack() as stack:
        # Always the folder first: of two runs that want both, one gets both.
        leases = (_wait_for(bid, doing, sleep) for doing, bid in bids)
        folder, *_ = [stack.enter_context(LeaseKeeper(lease, on_lost, _now)) for lease in leases]
        yield folder


def _places(preparation: Prepared, reads_run: str | None) -> list[tuple[str, LeaseStore]]:
    """The places that the run needs, and what whoever holds one is doing there."""
    run = preparation.run
    names = [run.run_id] if reads_run is None else [run.run_id, reads_run]
    places = [("working in the same run's folder", run_place(run.output, name)) for name in names]
    if not preparation.plan_only:
        tracking_id = preparation.settings.personalize.tracking_id
        sending = "sending to the same tracking ID from the same output"
        places.append((sending, sending_place(run.output, tracking_id)))
    return places


def bid_for_folder(run: RunFolder, execution: str) -> Bid:
    """A bid for the run's own folder alone, as `held_places` makes for a whole run; look at it once."""
    return Bid(run_place(run.output, run.run_id), _record(run.run_id, execution), time.monotonic, is_running)


def _record(run_id: str, execution: str) -> LeaseRecord:
    return LeaseRecord(
        run_id=run_id,
        execution=execution,
        host=socket.gethostname(),
        process=this_process(),
        since=_now(),
        renewed_at=_now(),
    )


def _wait_for(bid: Bid, doing: str, sleep: Callable[[float], None]) -> Lease:
    try:
        return wait_for(bid, sleep, _say_waiting)
    except PlaceHeldError as holder:
        raise UsageError(
            f"{holder} is {doing}. Wait for its end, or stop it; if it died, its place is free within a minute.",
        ) from None


def _say_waiting(holder: LeaseRecord | None) -> None:
    _LOG.info(
        "waiting up to %.0f seconds for a sign of life of %s, which left its place in the output held",
        STALE_SECONDS,
        holder or "another run",
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
