"""Waiting for a place, and keeping it while a run is under way: the sleep and the thread around a lease.

It stops nothing itself: `on_lost` is told why the run must stop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from core.errors import StorageError
from jobs.leases.lease_record import LeaseRecord
from jobs.leases.run_lease import OVERDUE_SECONDS, RENEW_SECONDS, Bid, Lease, PlaceLostError

LOOK_SECONDS = 1.0
RETRY_SECONDS = 2.0
END_SECONDS = 30.0
"""How long the end waits for a renewal under way; on S3 one takes 13 seconds at the most."""


def wait_for(
    bid: Bid, sleep: Callable[[float], None], on_wait: Callable[[LeaseRecord | None], None]
) -> Lease:
    """Look until the place is ours: at once, or within `STALE_SECONDS` of a dead holder's last sign of life.

    `on_wait` is told once for whose silence we wait. Raises `PlaceHeldError` and `StorageError`.
    """
    told = False
    while (lease := bid.look()) is None:
        if not told:
            told = True
            on_wait(bid.holder)
        sleep(LOOK_SECONDS)
    return lease


class LeaseKeeper:
    """Renews a lease from a thread of its own, from the beginning of a `with` block to its end; then gives it back.

    `on_lost` is called from that thread; `now` tells the time as people read it. Should giving back fail, the
    place is free by silence.
    """

    def __init__(self, lease: Lease, on_lost: Callable[[str], None], now: Callable[[], str]) -> None:
        self._lease = lease
        self._on_lost = on_lost
        self._now = now
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join(END_SECONDS)
        if self._thread.is_alive():
            return  # its write hangs and holds the lease: giving back would hang behind it
        try:
            self._lease.release()
        except StorageError:
            return

    def is_ours(self) -> bool:
        """Return whether the place still is ours, by renewing it now.

        True as well when that can't be known: then the output is out of reach for our writes too.
        """
        try:
            self._lease.renew(self._now())
        except PlaceLostError:
            return False
        except StorageError:
            return True
        return True

    def tick(self) -> float | None:
        """Renew once; return the seconds until the next time, None when the place is lost."""
        try:
            self._lease.renew(self._now())
        except PlaceLostError as winner:
            self._on_lost(f"{winner} has taken this run's place, as it had not been heard of for too long")
            return None
        except StorageError as error:
            if self._lease.is_overdue:
                self._on_lost(f"the lease could not be renewed for {OVERDUE_SECONDS:.0f} seconds: {error}")
            return RETRY_SECONDS
        return RENEW_SECONDS

    def _keep(self) -> None:
        pause: float | None = RENEW_SECONDS
        while pause is not None and not self._ending.wait(pause):
            pause = self.tick()
