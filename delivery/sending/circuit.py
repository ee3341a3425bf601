"""Detection of a partition whose requests keep failing: a series of failures, over a time, without one success.

Pure: times are passed in. The numbers weigh early detection (a dead service is known within 30 s, read
time-outs of 10 s included) against stopping a whole job for a few faults in a row.
"""

from __future__ import annotations

from collections import Counter

from delivery.service.faults import Fault

# For each kind of failure, pairs of (failures without a success, seconds since the first of them): either
# pair opens the circuit. The second pair of TRANSIENT is for partitions that get few attempts a second. A
# service that throttles is alive, so it gets longer; refused content costs up to 19 attempts for ten bad
# events without any success, and stops only a job of which nothing was accepted yet: bad events may be next to each
# other in any number, and would stop each run at the same place.
_OPENS_AT: dict[Fault, tuple[tuple[int, float], ...]] = {
    Fault.TRANSIENT: ((20, 10.0), (8, 20.0)),
    Fault.THROTTLED: ((20, 30.0), (8, 60.0)),
    Fault.POISON: ((200, 10.0),),
}


class Circuit:
    """Counts of one partition's failures since its last success, by kind."""

    def __init__(self) -> None:
        self._failures: Counter[Fault] = Counter()
        self._first_at: dict[Fault, float] = {}

    def succeeded(self) -> None:
        """Record an accepted request: the series of failures is over."""
        if self._failures:
            self._failures.clear()
            self._first_at.clear()

    def failed(self, fault: Fault, now: float, *, accepts: bool = False) -> bool:
        """Count a failure that is not fatal; return whether the circuit is open now (`now`: monotonic seconds).

        `accepts`: whether the service has accepted events of this job. Then refused content is the fault of the
        content, and the answer of a living service: the series of other failures is over.
        """
        if accepts and fault is Fault.POISON:
            self.succeeded()
            return False
        self._failures[fault] += 1
        count, lasted = self._failures[fault], now - self._first_at.setdefault(fault, now)
        return any(count >= failures and lasted >= min_seconds for failures, min_seconds in _OPENS_AT[fault])
