"""Where a lease lies: one small file that is only ever written by someone who knows what stood there before.

The protocol, and the file on disk. Every operation on disk holds the file's own lock, so that a comparison and the
write that follows it are one step. Whom a place belongs to is not decided here.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.errors import StorageError

_MOST_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Stored:
    """What stands in the file. `version` is another one for another content.

    `age` is the seconds since that write by the store's own clock, None where the store has none of its own.
    """

    content: bytes
    version: str
    age: float | None = None


class LeaseStore(Protocol):
    """One lease file. Every method raises `StorageError`; one that does so may still have written."""

    def read(self) -> Stored | None:
        """Return what stands there, None if there is no file."""
        ...

    def create(self, content: bytes) -> str | None:
        """Write the file if there is none, and return its version; None: another one was there first."""
        ...

    def replace(self, content: bytes, version: str) -> str | None:
        """Write over exactly that version, and return the new one; None: it stands there no more."""
        ...

    def delete(self, version: str) -> None:
        """Delete exactly that version; another one stays."""
        ...


class LocalLeaseStore:
    """A lease on disk, or on a network's disk whose locks all its machines see (NFS has them: flock(2)).

    Its folder is made with the first file and goes with the last one. `what` names it in errors.
    """

    def __init__(self, path: str, what: str = "lease") -> None:
        self._path = Path(path)
        self._what = what

    def read(self) -> Stored | None:
        """See `LeaseStore`. No age: a network disk's clock need not be this machine's."""
        with self._locked(os.O_RDWR) as (_, stored):
            return stored

    def create(self, content: bytes) -> str | None:
        """See `LeaseStore`."""
        with self._locked(os.O_RDWR | os.O_CREAT) as (file, stored):
            return _write(file, content) if stored is None else None

    def replace(self, content: bytes, version: str) -> str | None:
        """See `LeaseStore`."""
        with self._locked(os.O_RDWR) as (file, stored):
            return _write(file, content) if stored and stored.version == version else None

    def delete(self, version: str) -> None:
        """See `LeaseStore`."""
        with self._locked(os.O_RDWR) as (_, stored):
            if stored and stored.version == version:
                self._path.unlink()
        with suppress(OSError):  # there are others' leases in it, or it is gone
            self._path.parent.rmdir()

    @contextmanager
    def _locked(self, flags: int) -> Iterator[tuple[int, Stored | None]]:
        """Give the open, locked file and what stands in it; an empty one counts as none."""
        try:
            file = self._open_locked(flags)
            if file is None:
                yield -1, None
                return
            try:
                content = os.pread(file, _MOST_BYTES, 0)
                yield file, Stored(content, _version(content)) if content else None
            finally:
                os.close(file)
        except OSError as error:
            raise StorageError(
                f"Could not keep the {self._what} {self._path}: {error.strerror or error}."
            ) from error

    def _open_locked(self, flags: int) -> int | None:
        """Open and lock the file that has the name now: who held the lock before may have deleted it."""
        while (file := self._open(flags)) is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                if self._is_in_place(file):
                    return file
            except OSError:
                os.close(file)
                raise
            os.close(file)
        return None

    def _open(self, flags: int) -> int | None:
        while True:
            try:
                return os.open(self._path, flags | os.O_CLOEXEC, 0o666)
            except FileNotFoundError:
                if not flags & os.O_CREAT:
                    return None
            # The folder may go between these two, with someone else's lease, and within the second one too.
            with suppress(FileExistsError):
                self._path.parent.mkdir(parents=True, exist_ok=True)

    def _is_in_place(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), self._path.stat())
        except FileNotFoundError:
            return False


def _write(file: int, content: bytes) -> str:
    """Write in place: a crash leaves the old content, the new one or something unreadable, and never two files."""
    os.pwrite(file, content, 0)
    os.ftruncate(file, len(content))
    return _version(content)


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
