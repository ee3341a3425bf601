"""Detection of an outage from the failures of all partitions together: nothing accepted anywhere for too long.

Each partition judges its own failures too (`circuit.py`), but with read time-outs of ten seconds, or with
one attempt a second over many partitions, no single partition sees enough in time. Pure: times are passed
in.
"""

from __future__ import annotations

import math

# Longer than a service may be away and come back unnoticed (15 s, and one more round of read time-outs),
# and short enough that everything, including the wait for requests in flight and the summary, is over
# within 30 s.
OUTAGE_SECONDS = 24.0
_MIN_FAILURES = 2


class Outage:
    """The job's failures since its last success; `failures` is their number, `name` the last one's name."""

    def __init__(self) -> None:
        self.failures = 0
        self.name = ""
        self._refusals = 0
        self._since = math.inf
        self._accepted_at = -math.inf

    def accepted(self, now: float) -> None:
        """Record that a request was accepted."""
        self.failures = self._refusals = 0
        self._since, self._accepted_at = math.inf, now

    def refused(self, count: int) -> None:
        """Record answers that only a living service gives: throttled, or refused for their content."""
        self._refusals += count

    def failed(self, count: int, began: float, name: str) -> None:
        """Record attempts without an answer or with a server error; the first of them began at `began`."""
        self.failures += count
        self.name = name
        self._since = min(self._since, max(began, self._accepted_at))

    def is_certain(self, now: float) -> bool:
        """Return whether nothing was accepted for too long and failures outweigh the signs of life.

        Throttling alone is not an outage, however long: the service is alive, and the attempts wait on purpose.
        """
        enough = self.failures >= max(_MIN_FAILURES, self._refusals + 1)
        return enough and now - self._since >= OUTAGE_SECONDS
