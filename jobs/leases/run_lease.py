"""Who may send: a place belongs to one run at a time. Bidding for it, renewing it, giving it back.

Every write is made under the condition that nothing has changed since the file was read. Whoever dies or is cut off
loses the place by silence. The clock is passed in and used for spans only: no two machines' clocks are compared. It
stops no run and waits for nothing; `jobs.leases.lease_keeper` does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from core.errors import BackfillError, StorageError
from core.lease_store import LeaseStore, Stored
from jobs.leases.lease_record import LeaseRecord, parse_record
from jobs.leases.process_identity import ProcessIdentity

# A holder that was not heard of for this long has lost its place, so that a dead one frees it within a minute …
STALE_SECONDS = 45.0
RENEW_SECONDS = 10.0
# … and one that can't make itself heard must have stopped by then; its last try may hang for 13 seconds.
OVERDUE_SECONDS = 30.0


class PlaceHeldError(BackfillError):
    """Another run holds the place and lives: wait for its end, or stop it."""


class PlaceLostError(BackfillError):
    """Another run has taken the place over: stop at once, and write nothing there any more."""


class Bid:
    """One run's bid for a place, a look at a time. `clock` gives seconds, from any start.

    `runs` says whether a process runs on this machine, and None where it can't tell.
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
        self._watched: str | None = None
        self._watched_since = 0.0
        self.holder: LeaseRecord | None = None

    def watch(self) -> None:
        """Note what stands there, so that a holder's silence counts from now on. Raises `StorageError`."""
        stored = self._store.read()
        if stored is not None:
            self._has_changed(stored, self._clock())

    def look(self) -> Lease | None:
        """Take the place if it is free; None: look again in a moment, as its `holder` may be dead.

        Raises:
            PlaceHeldError: the holder lives.
            StorageError: the place can't be read or written.
        """
        asked_at = self._clock()
        stored = self._store.read()
        if stored is None:
            version = self._store.create(self._record.to_bytes())
        elif self._is_free(stored, asked_at):
            version = self._store.replace(self._record.to_bytes(), stored.version)
        else:
            return None
        return Lease(self._store, self._record, version, asked_at, self._clock) if version else None

    def _is_free(self, stored: Stored, now: float) -> bool:
        self.holder = holder = parse_record(stored.content)
        process = holder.process if holder else None
        runs = self._runs(process) if process else None
        if runs is False or (holder and holder.execution == self._record.execution):
            return True  # its process is gone, or our own write was carried out and its answer lost
        if runs or self._has_changed(stored, now):
            raise PlaceHeldError(str(holder or "another run"))
        silent = max(now - self._watched_since, stored.age or 0.0)
        return silent >= STALE_SECONDS

    def _has_changed(self, stored: Stored, now: float) -> bool:
        if self._watched is None:
            self._watched, self._watched_since = stored.version, now
        return stored.version != self._watched


class Lease:
    """A place that is held, until another run takes it over or it is given back. Threads may share it."""

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
        """Whether the last renewal is so long ago that another run may soon take the place over."""
        return self._clock() - self._confirmed_at >= OVERDUE_SECONDS

    def renew(self, at: str) -> None:
        """Say that the holder lives; `at` is the time for people to read.

        Raises:
            PlaceLostError: another run holds the place now.
            StorageError: it could not be said; try again.
        """
        with self._lock:
            asked_at = self._clock()
            self._record = self._record.renewed(at)
            content = self._record.to_bytes()
            version = self._store.replace(content, self._version) or self._regain(content)
            self._version, self._confirmed_at = version, asked_at

    def release(self) -> None:
        """Give the place back if it still is ours. Raises `StorageError`; then it is free by silence."""
        with self._lock:
            stored = self._store.read()
            if stored and self._is_ours(stored):
                self._store.delete(stored.version)

    def _regain(self, content: bytes) -> str:
        """A renewal was turned down: an earlier one came through unheard, the file is gone, or the place is lost."""
        stored = self._store.read()
        if stored and not self._is_ours(stored):
            raise PlaceLostError(str(parse_record(stored.content) or "another run"))
        version = self._store.replace(content, stored.version) if stored else self._store.create(content)
        if version is None:
            raise StorageError("The lease changed while it was being renewed.")
        return version

    def _is_ours(self, stored: Stored) -> bool:
        holder = parse_record(stored.content)
        return holder is not None and holder.execution == self._record.execution
