"""The row that a partition's task returns: counts and times, without any event."""

from __future__ import annotations

from dataclasses import dataclass, field

from delivery.sending.tally import Tally


@dataclass(frozen=True, slots=True)
class PartitionReport:
    """A partition's report: its sender's final tally.

    It lacks what an earlier attempt of the task, which died, had accepted; that is in the ledger, from
    which the run's summary is computed.
    """

    partition: int
    tally: Tally = field(default_factory=Tally)
    stop_reason: str | None = None
