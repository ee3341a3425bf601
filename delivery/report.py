"""The small row that a partition's task hands back: what it did, in counts and times. It carries no event."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartitionReport:
    """One partition's account; times are Unix seconds, None where nothing was sent or answered.

    The counts are those of this attempt of the task alone. What an attempt that died before it had accepted
    stands in the ledger, which is what the run's account is closed with. `events_given_up` are those of the
    dead letters that ran out of attempts; the service refused the others for their content. The partition ended in
    `failed_in_a_row` failures without a success, none of them for content, the first at `failing_since`.
    """

    partition: int
    events_delivered: int = 0
    events_dead_lettered: int = 0
    events_given_up: int = 0
    requests_delivered: int = 0
    request_attempts: int = 0
    throttled_attempts: int = 0
    first_attempt_at: float | None = None
    last_answer_at: float | None = None
    last_accepted_at: float | None = None
    failing_since: float | None = None
    failed_in_a_row: int = 0
    stop_reason: str | None = None
