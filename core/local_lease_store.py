"""A lease file on a disk.

Every operation holds the file's own lock, so that the comparison and the write after it are one step.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import StorageError
from core.lease_store import Stored
from core.storage import cause_and_remedy

_MAX_BYTES = 65_536
# Other processes may delete the file and its folder at any time, but hardly so often in a row.
_TRIES = 1000


class LocalLeaseStore:
    """A lease on a local disk, or on a network disk whose locks all machines see (NFS has them: flock(2)).

    Its folder is created with the first file and deleted with the last one. `what` names the file in
    errors.
    """

    def __init__(self, path: str, what: str = "lease") -> None:
        self._path = Path(path)
        self._what = what

    def read(self) -> Stored | None:
        """See `LeaseStore`. There is no age: the clock of a network disk may differ from this machine's."""
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
        with suppress(OSError):  # the folder holds other leases, or is gone
            self._path.parent.rmdir()

    @contextmanager
    def _locked(self, flags: int) -> Iterator[tuple[int, Stored | None]]:
        """Yield the open, locked file and its content; an empty file counts as none."""
        try:
            file = self._open_locked(flags)
            if file is None:
                yield -1, None
                return
            try:
                content = os.pread(file, _MAX_BYTES, 0)
                yield file, Stored(content, _version(content)) if content else None
            finally:
                os.close(file)
        except OSError as error:
            cause = cause_and_remedy(error, "Check its permissions and the space there")
            raise StorageError(f"could not access the {self._what} {self._path}: {cause}.") from error

    def _open_locked(self, flags: int) -> int | None:
        """Open and lock the file that has the name now: the previous lock holder may have deleted it."""
        for _ in range(_TRIES):
            file = self._open(flags)
            if file is None:
                return None
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                if self._is_in_place(file):
                    return file
            except OSError:
                os.close(file)
                raise
            os.close(file)
        raise OSError(errno.ESTALE, "it is another file each time that it is opened")

    def _open(self, flags: int) -> int | None:
        for _ in range(_TRIES):
            try:
                return os.open(self._path, flags | os.O_CLOEXEC, 0o666)
            except FileNotFoundError:
                if not flags & os.O_CREAT:
                    return None
            # The folder may be deleted between these two calls, with another process's lease, and during
            # the second one too.
            with suppress(FileExistsError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
        raise NotADirectoryError(errno.ENOTDIR, "its folder can't be made, or is a link that leads nowhere")

    def _is_in_place(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), self._path.stat())
        except FileNotFoundError:
            return False


def _write(file: int, content: bytes) -> str:
    """Write in place: a crash leaves the old content, the new content or unreadable content, and never two files."""
    os.pwrite(file, content, 0)
    os.ftruncate(file, len(content))
    return _version(content)


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
