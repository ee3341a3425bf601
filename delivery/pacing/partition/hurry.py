"""The decision that a partition's next request can't wait for its turn: its session alone would outlast the rest.

Pure: the time, how long answers take, and the minimum time of the rest of the job are passed in.
"""

from __future__ import annotations

import math

from delivery.pacing.slot_grant import HURRY_SECONDS

# A session that takes four fifths of what the rest takes is hurried, so that it ends in time.
_SHARE = 0.8
# What a request costs in addition to its answer: asking for the slot, and the slot's own way.
_OVERHEAD_SECONDS = 0.003
# With a slot that is due this soon, no other one is asked for.
_SOON_SECONDS = 0.001
# One that nothing else needs is worth this wait: it would pass unused if the session got another before it.
_SPARE_SOON_SECONDS = 0.016
_WEIGHT = 0.1


class Hurry:
    """The requests for a slot at once, one at a time."""

    def __init__(self) -> None:
        self._answer_seconds: float | None = None
        self._rest_ends_at: float | None = None
        self._asked_at: float | None = None

    def answered(self, took: float) -> None:
        """Learn that an accepted request's answer took so many seconds."""
        before = self._answer_seconds
        self._answer_seconds = took if before is None else before + _WEIGHT * (took - before)

    def rest_takes(self, seconds: float, now: float) -> None:
        """Learn that all that the job has left takes at least so many seconds."""
        self._rest_ends_at = now + seconds

    def begin(self, now: float, after: int, pause: float | None, *, spare: bool) -> bool:
        """Return whether to ask at once: a session's next request, with `after` more behind it, is due in `pause`.

        `spare`: the slot that is due then is needed by no other session.
        """
        soon = _SPARE_SOON_SECONDS if spare else _SOON_SECONDS
        waits = pause is None or pause > soon
        hurries = waits and not self.is_on(now) and self._outlasts(after, now)
        if hurries:
            self._asked_at = now
        return hurries

    def is_on(self, now: float) -> bool:
        """Return whether a slot was asked for, and may still come."""
        return self._asked_at is not None and now - self._asked_at < HURRY_SECONDS

    def again_in(self, now: float) -> float:
        """Return the seconds until a slot may be asked for again; infinity if none was asked for and is missing."""
        if self._asked_at is None or not self.is_on(now):
            return math.inf
        return max(_SOON_SECONDS, self._asked_at + HURRY_SECONDS - now)

    def end(self) -> None:
        """Learn that the slot has come."""
        self._asked_at = None

    def _outlasts(self, after: int, now: float) -> bool:
        if not after or self._answer_seconds is None or self._rest_ends_at is None:
            return False
        takes = (after + 1) * (self._answer_seconds + _OVERHEAD_SECONDS)
        return takes >= _SHARE * (self._rest_ends_at - now)
