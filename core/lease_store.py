"""A lease file, written only by compare-and-swap: the protocol that each kind of storage implements.

Who may hold a lease is decided in `jobs.leases`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stored:
    """The content of the file. Different content has a different `version`.

    `age` is the seconds since the write by the store's own clock, None if the store has no clock of its
    own.
    """

    content: bytes
    version: str
    age: float | None = None


class LeaseStore(Protocol):
    """A lease file. Every method raises `StorageError`; a method that raised may have written."""

    def read(self) -> Stored | None:
        """Return the content, or None if there is no file."""
        ...

    def create(self, content: bytes) -> str | None:
        """Create the file and return its version, or None if it exists."""
        ...

    def replace(self, content: bytes, version: str) -> str | None:
        """Overwrite exactly that version and return the new one, or None if it is no longer the current one."""
        ...

    def delete(self, version: str) -> None:
        """Delete exactly that version; keep any other."""
        ...
