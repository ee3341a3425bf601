"""Waiting for a lease, and renewing it while a run is in progress: the sleep and the thread around a lease."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from core.errors import StorageError
from jobs.leases.lease_record import LeaseRecord
from jobs.leases.run_lease import OVERDUE_SECONDS, RENEW_SECONDS, HeldLease, LeaseLostError, LeaseRequest

RETRY_ACQUIRE_SECONDS = 1.0
RETRY_SECONDS = 2.0
END_SECONDS = 30.0
"""Seconds that the end waits for a renewal in progress; on S3 one takes at most 13 seconds."""


def wait_for(
    request: LeaseRequest, sleep: Callable[[float], None], on_wait: Callable[[LeaseRecord | None], None]
) -> HeldLease:
    """Try until the lease is acquired: at once, or within `STALE_SECONDS` of a dead holder's last renewal.

    `on_wait` is called once, with the holder.

    Raises:
        LeaseHeldError: another run holds the lease and is alive.
        StorageError: the lease can't be read or written.
    """
    waiting = False
    while (lease := request.acquire()) is None:
        if not waiting:
            waiting = True
            on_wait(request.holder)
        sleep(RETRY_ACQUIRE_SECONDS)
    return lease


class LeaseKeeper:
    """A thread that renews a lease from the beginning of a `with` block to its end; then the lease is released.

    `on_lost` is called from that thread, with the reason to stop; `now` gives the time for human readers.
    If the release fails, the lease expires.
    """

    def __init__(self, lease: HeldLease, on_lost: Callable[[str], None], now: Callable[[], str]) -> None:
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
            return  # its write is stuck and holds the lock: a release would be stuck behind it
        try:
            self._lease.release()
        except StorageError:
            return

    def is_ours(self) -> bool:
        """Return whether the lease is still ours, by renewing it now.

        True as well if that can't be known: then our writes can't reach the output either.
        """
        try:
            self._lease.renew(self._now())
        except LeaseLostError:
            return False
        except StorageError:
            return True
        return True

    def tick(self) -> float | None:
        """Renew once; return the seconds until the next time, None if the lease is lost."""
        try:
            self._lease.renew(self._now())
        except LeaseLostError as winner:
            self._on_lost(f"{winner} took over this run's lease, which had expired")
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
