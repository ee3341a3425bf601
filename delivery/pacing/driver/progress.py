"""The progress of sending, as the coordinator knows it from the partitions' reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """The sum of what the partitions have reported so far.

    `rate` is the attempts per second that are allowed now; none are while `paused`.
    """

    request_attempts: int = 0
    throttled_attempts: int = 0
    requests_delivered: int = 0
    events_delivered: int = 0
    partitions: int = 0
    rate: float = 0.0
    stop_reason: str | None = None
    paused: bool = False
