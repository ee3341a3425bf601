"""Tells when the failures of all partitions together are an outage: nothing accepted anywhere for too long.

Each partition judges its own failures too (`circuit.py`), but with read time-outs of ten seconds, or with one attempt
a second over many partitions, none of them sees enough in time. Pure: it is told the time, and stops nothing.
"""

from __future__ import annotations

import math

# Longer than a service may be away and come back unnoticed (15 s, and one more round of read time-outs), and short
# enough that all is over, what is in flight waited for and the account written, within 30 s.
OUTAGE_SECONDS = 24.0
_LEAST_FAILURES = 2


class Outage:
    """Counts the job's failures since its last success; `failures` says how many there were, `name` the last one's."""

    def __init__(self) -> None:
        self.failures = 0
        self.name = ""
        self._refusals = 0
        self._since = math.inf
        self._accepted_at = -math.inf

    def accepted(self, now: float) -> None:
        """Learn that a request was accepted."""
        self.failures = self._refusals = 0
        self._since, self._accepted_at = math.inf, now

    def refused(self, count: int) -> None:
        """Learn of answers, throttled or refused for their content, that only a living service gives."""
        self._refusals += count

    def failed(self, count: int, began: float, name: str) -> None:
        """Learn of attempts without an answer or with a server's error; the first of them began at `began`."""
        self.failures += count
        self.name = name
        self._since = min(self._since, max(began, self._accepted_at))

    def is_certain(self, now: float) -> bool:
        """Whether so long nothing was accepted, and failures outweigh the signs of life.

        Throttling alone is no outage, however long: the service lives, and the attempts wait on purpose.
        """
        enough = self.failures >= max(_LEAST_FAILURES, self._refusals + 1)
        return enough and now - self._since >= OUTAGE_SECONDS
