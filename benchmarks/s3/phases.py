"""The phases of a run as S3 sees them: the phase of each request, and each phase's requests and seconds."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tests.aws.log import Entry

DATA = frozenset({"data", "send"})
"""Phases that read rows, of the source and of the stage: their requests go by bytes."""

BY_RECEIPTS = frozenset({"receipts", "merge"})
"""Phases with a request for each receipt, of which each partition writes one every few seconds."""

BY_TIME = frozenset({"receipts", "leases and control"})
"""Phases whose requests go by the run's seconds and its partitions, not by files."""

BY_PROCESS = frozenset({"regions"})
"""Each process asks for each bucket's region once, and Spark starts new workers after a minute without a task."""

_SPARK = "Hadoop"  # S3A puts it in front of what AWS's SDK calls itself
_LISTING = frozenset({"ListObjects", "ListObjectsV2"})
_READING = frozenset({"GetObject", "HeadObject"})
_BY_KEY = (
    (r"^conf/|^$|/_writable$", "configuration"),
    (r"(^|/)(_leases|control)/", "leases and control"),
    (r"/runs/[^/]+/stage\b", "stage"),
    (r"/runs/[^/]+/rejected\b", "rejected rows"),
    (r"/runs/[^/]+/dead_letters\b", "receipts"),
    (r"/runs/[^/]+/.", "summary"),
)


@dataclass(frozen=True)
class Sending:
    """When a run sent its first request and had its last answer, on the clock of the entries."""

    began: float
    ended: float


def phase_of(entry: Entry, sending: Sending) -> str:
    """Return the phase that a request belongs to."""
    by_spark = _SPARK in entry.agent
    if entry.operation == "HeadBucket":
        return "regions"
    if entry.key.startswith("logs/"):
        return "data" if by_spark else "list" if entry.operation in _LISTING else "footers"
    if "/ledger/" in f"{entry.key}/":
        return _phase_of_ledger(entry, sending)
    found = next((phase for pattern, phase in _BY_KEY if re.search(pattern, entry.key)), "folders")
    if found == "stage" and entry.began >= sending.began and entry.operation in _READING:
        return "count" if by_spark else "send"
    return found


def _phase_of_ledger(entry: Entry, sending: Sending) -> str:
    if "/part-" in entry.key and entry.operation not in _READING | {"DeleteObjects"}:
        return "receipts"
    if entry.began < sending.began - 1.0:
        return "ledger before"
    return "merge" if entry.began >= sending.ended else "receipts"


@dataclass(frozen=True)
class Phase:
    """One phase: its requests by operation, the distinct objects, and the seconds in which a request was under way."""

    name: str
    operations: Counter[str]
    objects: int
    seconds: float

    @property
    def requests(self) -> int:
        """Return the number of requests."""
        return self.operations.total()

    @property
    def per_object(self) -> float:
        """Return the requests for each object."""
        return self.requests / max(1, self.objects)


def phases(entries: Iterable[Entry], sending: Sending) -> dict[str, Phase]:
    """Return the phases by name, in the order of their first requests."""
    by_phase: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda each: each.began):
        by_phase[phase_of(entry, sending)].append(entry)
    return {name: _phase(name, found) for name, found in by_phase.items()}


def _phase(name: str, entries: list[Entry]) -> Phase:
    objects = {entry.key for entry in entries if entry.operation not in _LISTING}
    return Phase(name, Counter(entry.operation for entry in entries), len(objects), _open_seconds(entries))


def _open_seconds(entries: list[Entry]) -> float:
    """Return the seconds in which at least one of the requests was under way."""
    seconds, until = 0.0, 0.0
    for entry in entries:
        seconds += max(0.0, entry.ended - max(entry.began, until))
        until = max(until, entry.ended)
    return seconds
