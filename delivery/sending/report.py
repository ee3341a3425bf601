"""The small row that a partition's task hands back: what it did, in counts and times. It carries no event."""

from __future__ import annotations

from dataclasses import dataclass, field

from delivery.sending.tally import Tally


@dataclass(frozen=True, slots=True)
class PartitionReport:
    """One partition's account: its sender's tally, in which nothing is counted any more.

    What an attempt of the task that died before this one had accepted is not in it; that stands in the ledger, which is
    what the run's account is closed with.
    """

    partition: int
    tally: Tally = field(default_factory=Tally)
    stop_reason: str | None = None
