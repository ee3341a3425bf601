"""The stand-in's counts of what arrived, updated as it arrives.

Memory grows by some 100 bytes per event. Ids are kept as 64-bit hashes, never as text: among ten million
ids two share a hash with a probability of 3 in a million.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

from standin.judge import PutEvents


class Account:
    """Counts of attempts, refusals and accepted events. All times are Unix seconds."""

    def __init__(self) -> None:
        self.attempts = 0
        self._accepted = 0
        self._events = 0
        self._again = 0
        self._without_id = 0
        self._out_of_order = 0
        self._busiest = 0
        self._longest_stall = 0.0
        self._first_at: float | None = None
        self._last_at: float | None = None
        self._last_second: deque[float] = deque()
        self._refusals: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._sizes: Counter[int] = Counter()
        self._ids: set[int] = set()
        self._newest: dict[int, float] = {}

    def attempted(self, now: float) -> int:
        """Count an attempt, whether accepted or not; return its number, from 0."""
        self._first_at = now if self._first_at is None else self._first_at
        self._last_at = now
        window = self._last_second
        window.append(now)
        while window[0] <= now - 1:
            window.popleft()
        self._busiest = max(self._busiest, len(window))
        self.attempts += 1
        return self.attempts - 1

    def stalled(self, now: float, seconds: float) -> None:
        """Record that the loop was blocked for `seconds` before `now`.

        What arrived during that time counts as arrived now, all at once: the busiest second may be too high
        by that.
        """
        if self._last_at is not None and self._last_at > now - seconds - 1:
            self._longest_stall = max(self._longest_stall, seconds)

    def refused(self, code: str, message: str) -> None:
        """Count a refusal under its error name and its sentence."""
        self._refusals[code] += 1
        self._reasons[message] += 1

    def struck(self, fault: str) -> None:
        """Count a fault that was injected."""
        self._faults[fault] += 1

    def accepted(self, request: PutEvents) -> None:
        """Count an accepted request and its events."""
        self._accepted += 1
        self._sizes[len(request.events)] += 1
        self._events += len(request.events)
        session = hash((request.tracking_id, request.user_id, request.session_id))
        for event in request.events:
            self._accepted_event(event, session)

    def _accepted_event(self, event: dict[str, Any], session: int) -> None:
        event_id = event.get("eventId")
        if event_id is None:
            self._without_id += 1
        elif (known := hash(event_id)) in self._ids:
            self._again += 1
            return  # a resend may come at any time: it says nothing about the order
        else:
            self._ids.add(known)
        sent_at = event["sentAt"]
        newest = self._newest.get(session, sent_at)
        if sent_at < newest:
            self._out_of_order += 1
        else:
            self._newest[session] = sent_at

    def summary(self) -> dict[str, Any]:
        """Return all counts as plain JSON values."""
        return {
            "requests": self.attempts,
            "requests_accepted": self._accepted,
            "events_accepted": self._events,
            "distinct_event_ids": len(self._ids),
            "events_accepted_again": self._again,
            "events_without_id": self._without_id,
            "events_out_of_order": self._out_of_order,
            "sessions": len(self._newest),
            "refusals": dict(self._refusals),
            "refusal_messages": dict(self._reasons),
            "faults": dict(self._faults),
            "busiest_second": self._busiest,
            "longest_stall_seconds": round(self._longest_stall, 3),
            "events_per_request": {str(size): self._sizes[size] for size in sorted(self._sizes)},
            "first_request_at": self._first_at,
            "last_request_at": self._last_at,
        }
