"""Counts of one partition: events, requests and when they were sent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from delivery.sending.timeline import Timeline
from delivery.service.faults import Fault


@dataclass(slots=True)
class Tally:
    """The sender's counts; times are Unix seconds, None if nothing was sent or answered.

    The counts are those of one attempt of the task alone. `events_given_up` counts the dead letters that
    ran out of attempts, which may be valid events; the service refused the others for their content.
    `failed_in_a_row` throttled and transient failures have come since the last success, from
    `failing_since` on. `requests_by_events` counts the delivered requests by how many events each carried.
    """

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
    requests_by_events: Counter[int] = field(default_factory=Counter)
    timeline: Timeline = field(default_factory=Timeline)

    def attempted(self, now: float) -> None:
        """Count a request that is sent."""
        self.request_attempts += 1
        self.timeline.at(now).attempts += 1
        if self.first_attempt_at is None:
            self.first_attempt_at = now

    def accepted(self, events: int, now: float) -> None:
        """Count an accepted request."""
        self.requests_delivered += 1
        self.events_delivered += events
        self.requests_by_events[events] += 1
        self.timeline.at(now).delivered += 1
        self.last_answer_at = self.last_accepted_at = now
        self.failing_since, self.failed_in_a_row = None, 0

    def failed(self, fault: Fault, now: float) -> None:
        """Count a failure."""
        self.last_answer_at = now
        if fault is Fault.THROTTLED:
            self.throttled_attempts += 1
            self.timeline.at(now).throttled += 1
        if fault in (Fault.THROTTLED, Fault.TRANSIENT):
            self.failing_since = self.failing_since or now
            self.failed_in_a_row += 1
