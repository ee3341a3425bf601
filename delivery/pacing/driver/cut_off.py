"""The partitions that may be sending without the driver, each at its static share of the limit.

A process that ends closes its connection, however it ends: it sends nothing more. A process whose machine falls silent
may go on, so its share is granted to no other until it, or the next attempt of its task, has joined. Pure: no I/O.
"""

from __future__ import annotations


class CutOff:
    """The partitions that are cut off, of all `partitions` of the job; 0: not known, and none is counted."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._missing: set[int] = set()

    def lost(self, partition: int) -> None:
        """Count a partition whose machine fell silent."""
        if 0 <= partition < self._partitions:
            self._missing.add(partition)

    def joined(self, partition: int) -> None:
        """Count a partition no longer: it has joined."""
        self._missing.discard(partition)

    @property
    def left(self) -> float:
        """The part of the limit that the others may use; never 0, so that the next attempt of a task gets slots."""
        if not self._missing:
            return 1.0
        return max(1, self._partitions - len(self._missing)) / self._partitions
