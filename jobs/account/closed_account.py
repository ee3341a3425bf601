"""The account of a run: the outcome of every row that was read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from delivery.sending.timeline import Timeline
from jobs.account.exit_status import Status


@dataclass(frozen=True, slots=True)
class Staged:
    """The result of shaping and checking, in rows.

    `to_send` events wait for sending; `minimum_requests` is the sum over their sessions of ⌈events / 10⌉.
    """

    rows_read: int = 0
    rows_rejected: int = 0
    duplicates_dropped: int = 0
    already_delivered: int = 0
    to_send: int = 0
    minimum_requests: int = 0
    rejected_by_reason: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parts = self.rows_rejected + self.duplicates_dropped + self.already_delivered + self.to_send
        if parts != self.rows_read:
            raise ValueError(
                f"the stage's counts do not add up: {self.rows_read} rows read, {parts} rows placed"
            )


@dataclass(frozen=True, slots=True)
class Sent:
    """The result of sending. Times are seconds since the epoch; None if no request was sent.

    `timeline` and `requests_by_events` (delivered requests by how many events each carried) are those of
    the partitions that reported: they contain less than the other counts if a report was lost with its
    task.
    """

    events_delivered: int = 0
    events_dead_lettered: int = 0
    requests_delivered: int = 0
    request_attempts: int = 0
    throttled_attempts: int = 0
    started_at: float | None = None
    finished_at: float | None = None
    stop_reason: str | None = None
    timeline: Timeline = field(default_factory=Timeline)
    requests_by_events: Counter[int] = field(default_factory=Counter)

    @property
    def requests_per_second(self) -> float:
        """Return the attempts per second from first to last; a run shorter than a second counts as one second."""
        if self.started_at is None or self.finished_at is None:
            return 0.0
        return self.request_attempts / max(1.0, self.finished_at - self.started_at)


def events_not_attempted(staged: Staged, sent: Sent) -> int:
    """Return the valid events that were neither accepted nor dead-lettered: the next run sends them."""
    left = staged.to_send - sent.events_delivered - sent.events_dead_lettered
    if left < 0:
        raise ValueError("more events were settled than were staged")
    return left


def status_of(staged: Staged, sent: Sent, *, planned: bool, refused: bool) -> Status:
    """Return how the run ended. A refusal outranks a plan: a plan of refused data must say so."""
    if refused:
        return Status.REFUSED
    if sent.stop_reason is not None:
        return Status.STOPPED
    if planned:
        return Status.PLANNED
    if events_not_attempted(staged, sent):
        return Status.STOPPED
    return Status.DEAD_LETTERED if sent.events_dead_lettered else Status.DELIVERED
