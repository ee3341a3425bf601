"""Acquiring, renewing and releasing the lease of a run.

Every write is a compare-and-swap. A holder that dies or is cut off loses the lease when it expires. The
clock is passed in and used for spans only: clocks of two machines are never compared. Waiting and stopping
are up to `jobs.leases.lease_keeper` and the run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from core.errors import BackfillError, StorageError
from core.lease_store import LeaseStore, Stored
from jobs.leases.lease_record import LeaseRecord, parse_record
from jobs.leases.process_identity import ProcessIdentity

# A lease that was not renewed for this long has expired, so that a dead holder frees it within a minute …
STALE_SECONDS = 45.0
RENEW_SECONDS = 10.0
# … and a holder that can't renew it must have stopped by then; its last attempt may take 13 seconds.
OVERDUE_SECONDS = 30.0


class LeaseHeldError(BackfillError):
    """Another run holds the lease and is alive: wait for its end, or stop it."""


class LeaseLostError(BackfillError):
    """Another run has taken the lease over: stop at once, and write nothing in its scope any more."""


class LeaseRequest:
    """A run's request for a lease, one attempt at a time. `clock` gives seconds, from any start.

    `runs` returns whether a process runs on this machine, and None if that is unknown.
    """

    def __init__(
        self,
        store: LeaseStore,
        record: LeaseRecord,
        clock: Callable[[], float],
        runs: Callable[[ProcessIdentity], bool | None],
    ) -> None:
        self._store = store
        self._record = record
        self._clock = clock
        self._runs = runs
        self._seen_version: str | None = None
        self._seen_since = 0.0
        self.holder: LeaseRecord | None = None

    def observe(self) -> None:
        """Record the current content, so that the time without a renewal counts from now on.

        Raises:
            StorageError: the lease can't be read.
        """
        stored = self._store.read()
        if stored is not None:
            self._has_changed(stored, self._clock())

    def acquire(self) -> HeldLease | None:
        """Acquire the lease if it is free; None: try again in a moment, as its `holder` may be dead.

        Raises:
            LeaseHeldError: the holder is alive.
            StorageError: the lease can't be read or written.
        """
        asked_at = self._clock()
        stored = self._store.read()
        if stored is None:
            version = self._store.create(self._record.to_bytes())
        elif self._is_free(stored, asked_at):
            version = self._store.replace(self._record.to_bytes(), stored.version)
        else:
            return None
        return HeldLease(self._store, self._record, version, asked_at, self._clock) if version else None

    def _is_free(self, stored: Stored, now: float) -> bool:
        self.holder = holder = parse_record(stored.content)
        process = holder.process if holder else None
        runs = self._runs(process) if process else None
        if runs is False or (holder and holder.execution == self._record.execution):
            return True  # its process is gone, or our own write succeeded and its response was lost
        if runs or self._has_changed(stored, now):
            raise LeaseHeldError(str(holder or "another run"))
        silent = max(now - self._seen_since, stored.age or 0.0)
        return silent >= STALE_SECONDS

    def _has_changed(self, stored: Stored, now: float) -> bool:
        if self._seen_version is None:
            self._seen_version, self._seen_since = stored.version, now
        return stored.version != self._seen_version


class HeldLease:
    """A held lease, until another run takes it over or it is released. Threads may share it."""

    def __init__(
        self,
        store: LeaseStore,
        record: LeaseRecord,
        version: str,
        confirmed_at: float,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._record = record
        self._version = version
        self._confirmed_at = confirmed_at
        self._clock = clock
        self._lock = threading.Lock()

    @property
    def is_overdue(self) -> bool:
        """Return whether the last renewal is so long ago that another run may soon take the lease over."""
        return self._clock() - self._confirmed_at >= OVERDUE_SECONDS

    def renew(self, at: str) -> None:
        """Renew the lease; `at` is the time for human readers.

        Raises:
            LeaseLostError: another run holds the lease now.
            StorageError: it could not be renewed; try again.
        """
        with self._lock:
            asked_at = self._clock()
            self._record = self._record.renewed(at)
            content = self._record.to_bytes()
            version = self._store.replace(content, self._version) or self._regain(content)
            self._version, self._confirmed_at = version, asked_at

    def release(self) -> None:
        """Release the lease if it is still ours.

        Raises:
            StorageError: it could not be released, and will expire.
        """
        with self._lock:
            stored = self._store.read()
            if stored and self._is_ours(stored):
                self._store.delete(stored.version)

    def _regain(self, content: bytes) -> str:
        """Recover from a rejected renewal: an earlier one succeeded unnoticed, or the file or the lease is lost."""
        stored = self._store.read()
        if stored and not self._is_ours(stored):
            raise LeaseLostError(str(parse_record(stored.content) or "another run"))
        version = self._store.replace(content, stored.version) if stored else self._store.create(content)
        if version is None:
            raise StorageError("the lease could not be renewed: it changed at the same moment. Try again.")
        return version

    def _is_ours(self, stored: Stored) -> bool:
        holder = parse_record(stored.content)
        return holder is not None and holder.execution == self._record.execution
