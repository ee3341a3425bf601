"""The ids of events with a known outcome, 16 bytes each however long the ids are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b

import numpy as np
import pyarrow as pa

_DIGEST_BYTES = 16


class SettledIds:
    """A set of event ids, stored as their sorted 128-bit digests.

    A collision of two digests would lose an event: with ten million ids the odds are below 1 in 10^24.
    """

    def __init__(self, columns: Iterable[pa.ChunkedArray] = ()) -> None:
        digests = np.fromiter(_digests(columns), dtype=f"S{_DIGEST_BYTES}")
        self._sorted = np.unique(digests)

    def __contains__(self, event_id: object) -> bool:
        if not isinstance(event_id, str) or not len(self._sorted):
            return False
        digest = _digest(event_id)
        index = int(self._sorted.searchsorted(np.bytes_(digest)))
        # numpy drops trailing zero bytes when it returns one element
        return index < len(self._sorted) and bytes(self._sorted[index]) == digest.rstrip(b"\0")

    def count_apart(self, other: SettledIds) -> int:
        """Return how many of these ids the other set lacks."""
        return len(np.setdiff1d(self._sorted, other._sorted, assume_unique=True))

    def __len__(self) -> int:
        return len(self._sorted)


def _digest(event_id: str) -> bytes:
    # Declared as not for security, so that machines in FIPS mode, where Blake is not approved, allow it.
    return blake2b(event_id.encode(), digest_size=_DIGEST_BYTES, usedforsecurity=False).digest()


def _digests(columns: Iterable[pa.ChunkedArray]) -> Iterator[bytes]:
    for column in columns:
        for chunk in column.chunks:
            yield from map(_digest, chunk.to_pylist())
