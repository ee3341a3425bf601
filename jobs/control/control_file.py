"""The control file of one run, changed only by compare-and-swap: the run and any number of operators write it."""

from __future__ import annotations

from collections.abc import Callable

from core.errors import StorageError
from core.lease_store import LeaseStore
from jobs.control.record import ControlRecord

_TRIES = 10
"""Writers are few and write seldom: one that loses ten times in a row has another problem."""

Change = Callable[[ControlRecord | None], ControlRecord | None]
"""Return the new record for the current one; None, or the same one, leaves the file as it is."""


class ControlFile:
    """A control file in `store`.

    Raises:
        StorageError: by every method; the file can't be read or written.
    """

    def __init__(self, store: LeaseStore) -> None:
        self._store = store

    def read(self) -> ControlRecord | None:
        """Return what is in the file; None if there is none, or none that can be read."""
        stored = self._store.read()
        return ControlRecord.parse(stored.content) if stored else None

    def change(self, change: Change) -> ControlRecord | None:
        """Apply `change` to the current record, again if another writer was faster; return the record then."""
        for _ in range(_TRIES):
            stored = self._store.read()
            record = ControlRecord.parse(stored.content) if stored else None
            changed = change(record)
            if changed is None or changed == record:
                return record
            content = changed.to_bytes()
            version = self._store.replace(content, stored.version) if stored else self._store.create(content)
            if version is not None:
                return changed
        raise StorageError(
            "the run's control file could not be changed: other writers changed it each time. Try again."
        )

    def take_away(self, execution: str) -> ControlRecord | None:
        """Delete the file if it is this execution's, and return its last record; None if it is not."""
        last = None
        for _ in range(_TRIES):
            stored = self._store.read()
            record = ControlRecord.parse(stored.content) if stored else None
            if stored is None or record is None or record.execution != execution:
                break
            # A request that comes between these two calls keeps the file, and the next turn finds it.
            last = record
            self._store.delete(stored.version)
        return last
