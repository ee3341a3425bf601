"""A lease file in memory, on a clock that only the test moves, and records of made-up runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from core.errors import StorageError
from core.lease_store import Stored
from jobs.leases.lease_record import LeaseRecord
from jobs.leases.process_identity import ProcessIdentity
from jobs.leases.run_lease import HeldLease, LeaseRequest

_PROCESS = ProcessIdentity("machine", 1, 1)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class MemoryStore:
    """A lease file in memory. `before_write` runs what happens between someone's read and their write."""

    clock: Clock
    has_clock: bool = False
    before_write: Callable[[], None] = lambda: None
    loses_answers: bool = False
    is_out_of_reach: bool = False
    content: bytes | None = None
    version: str = ""
    written_at: float = 0.0
    _versions: count[int] = field(default_factory=count)

    def read(self) -> Stored | None:
        self._reach()
        if self.content is None:
            return None
        age = self.clock.now - self.written_at if self.has_clock else None
        return Stored(self.content, self.version, age)

    def create(self, content: bytes) -> str | None:
        self.before_write()
        return self._write(content) if self.content is None else None

    def replace(self, content: bytes, version: str) -> str | None:
        self.before_write()
        return self._write(content) if self.content is not None and self.version == version else None

    def delete(self, version: str) -> None:
        self.before_write()
        if self.version == version:
            self.content = None

    def _reach(self) -> None:
        if self.is_out_of_reach:
            raise StorageError("could not reach it.")

    def _write(self, content: bytes) -> str:
        self._reach()
        self.content, self.version, self.written_at = content, str(next(self._versions)), self.clock.now
        if self.loses_answers:
            raise StorageError("The answer was lost.")
        return self.version


def record(name: str, process: ProcessIdentity = _PROCESS) -> LeaseRecord:
    return LeaseRecord(f"run-{name}", name, f"host-{name}", process, "since", "renewed")


def request(store: MemoryStore, name: str, *, runs: bool | None = None) -> LeaseRequest:
    """A request for the lease; `runs`: whether the process of one that holds it is alive, None if that is unknown."""
    return LeaseRequest(store, record(name), store.clock, lambda _: runs)


def taken(store: MemoryStore, name: str) -> HeldLease:
    lease = request(store, name).acquire()
    assert lease is not None
    return lease
