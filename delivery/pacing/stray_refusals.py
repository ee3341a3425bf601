"""Tells which refusals no lower rate would have spared: a service may throttle some attempts whatever the rate.

Two cuts in a row that did not lower the refused share show it: of a quota the first one would have stayed clear. What
is learnt so is expected from then on, and forgotten as it fades. Pure: no clock, no I/O; it sets no rate itself.
"""

from __future__ import annotations

import math

# Shares are the same if the smaller is at least this much of the larger. It takes two cuts that leave it the same
# to tell, since one may have met a quota that fell meanwhile. More than the most is obeyed, whatever the reason: so
# deep a cut may not be deep enough.
_SAME = 0.5
_CUTS_IN_VAIN = 2
_MOST = 0.6
_LEAST = 0.005
# Chance may refuse this many standard deviations more than it does on average.
_DEVIATIONS = 5.0
_MEMORY_SECONDS = 20.0


class StrayRefusals:
    """The `share` of all attempts that is refused whatever the rate."""

    def __init__(self) -> None:
        self.share = 0.0
        self._accepted = self._refused = 0.0
        self._heard_at = -math.inf
        self._last_share = math.inf
        self._in_vain = 0
        self._rate_before = 0.0

    def most(self, attempts: float) -> float:
        """Return how many of so many attempts may be refused without saying anything about the rate."""
        spread = math.sqrt(self.share * (1.0 - self.share) * attempts)
        return self.share * attempts + _DEVIATIONS * spread

    def is_passed(self) -> bool:
        """Whether, over the last 20 seconds or so, more was refused than chance explains, if chance refuses at all."""
        attempts = self._accepted + self._refused
        return self.share > 0.0 and self._refused > self.most(attempts) + _LEAST * attempts

    def answered(self, accepted: float, refused: float, now: float) -> None:
        """Learn how attempts ended. What is expected only ever sinks by this: a quota must not pass for chance."""
        fading = math.exp(-max(0.0, now - self._heard_at) / _MEMORY_SECONDS)
        self._accepted = self._accepted * fading + accepted
        self._refused = self._refused * fading + refused
        self._heard_at = now
        self.share = min(self.share, self._seen())
        if self.share < _LEAST:
            self.share = 0.0

    def would_cut_in_vain(self, rate: float, refused_share: float, *, unprovoked: bool) -> float | None:
        """Learn that the rate would be cut; return the rate to go back to where that helps nothing, else None.

        `unprovoked`: since the last cut the rate has stayed below what was granted then. The rate to go back to is the
        one before the first cut that no higher rate had provoked.
        """
        if not unprovoked:
            self._rate_before = rate
        least, most = sorted((self._last_share, refused_share))
        if unprovoked and most * _SAME <= least and most <= _MOST:
            self._in_vain += 1
        else:
            self._in_vain = 0
            self._accepted = self._refused = 0.0
        self._last_share = refused_share
        if self._in_vain < _CUTS_IN_VAIN:
            return None
        self.share = self._seen()
        self._in_vain, self._last_share = 0, math.inf
        return self._rate_before

    def _seen(self) -> float:
        return self._refused / max(1.0, self._accepted + self._refused)
