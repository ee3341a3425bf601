"""Staged events packed into requests: consecutive events of one envelope, as many as a request may hold.

The stage has the events of a request next to each other already. At most one request's events are in
memory. The size of a request needs no check: the checks bound each event to 10 KB, and the service
documents no bound on the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from operator import attrgetter
from typing import NamedTuple


class StagedEvent(NamedTuple):
    """One row of the stage: the event's id, its envelope (`{"userId":…,"sessionId":…}`) and its JSON.

    `sent_at`: the event's own time in Unix seconds. `requests_after`: how many requests of its session come after the
    one that it is in; a few too many where the session has duplicates.
    """

    event_id: str
    envelope: bytes
    body: bytes
    sent_at: int = 0
    requests_after: int = 0


class Batch(NamedTuple):
    """The events of one request: they share the envelope, the user and session that a request is for."""

    envelope: bytes
    events: tuple[StagedEvent, ...]

    @property
    def requests_after(self) -> int:
        """The number of requests of the session that come after this one."""
        return self.events[0].requests_after


_envelope = attrgetter("envelope")


def pack(events: Iterable[StagedEvent], limit: int) -> Iterator[Batch]:
    """Yield batches of at most `limit` events, in order; each series of one envelope takes the minimum number."""
    for envelope, run in groupby(events, key=_envelope):
        while batch := tuple(islice(run, limit)):
            yield Batch(envelope, batch)
