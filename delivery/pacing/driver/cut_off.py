"""The partitions that may be sending without the driver, each at its static share of the limit.

A process that ends closes its connection, however it ends: it sends nothing more. One whose machine falls silent may go
on, so what it may use is granted to no other until it, or the next attempt of its task, has joined. Pure: no I/O.
"""

from __future__ import annotations


class CutOff:
    """The partitions that are cut off, of as many as the job has; 0: not known, and then none counts."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._missing: set[int] = set()

    def lost(self, partition: int) -> None:
        """Count a partition whose machine fell silent."""
        if 0 <= partition < self._partitions:
            self._missing.add(partition)

    def joined(self, partition: int) -> None:
        """Count a partition that is there."""
        self._missing.discard(partition)

    @property
    def left(self) -> float:
        """The part of the limit that the others may use; never nothing, for a next attempt that asks."""
        if not self._missing:
            return 1.0
        return max(1, self._partitions - len(self._missing)) / self._partitions
