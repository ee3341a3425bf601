"""Detection of throttling that slowing down does not reduce: a service may refuse some attempts at any rate.

Two cuts in a row that did not lower the refused share prove it: the first one would have cleared a quota.
The share learned is expected from then on, and forgotten as it fades. Pure: no clock, no I/O.
"""

from __future__ import annotations

import math

# Shares are the same if the smaller is at least this part of the larger. It takes two cuts without effect
# to tell, since the quota may have fallen during one. A share above the maximum is obeyed, for any
# cause: a cut to that depth may not have been deep enough.
_SAME = 0.5
_CUTS_IN_VAIN = 2
_MAX_SHARE = 0.6
_MIN_SHARE = 0.005
# Chance may refuse this many standard deviations more than the average.
_DEVIATIONS = 5.0
_MEMORY_SECONDS = 20.0


class StrayRefusals:
    """The `share` of all attempts that is refused at any rate."""

    def __init__(self) -> None:
        self.share = 0.0
        self._accepted = self._refused = 0.0
        self._heard_at = -math.inf
        self._last_share = math.inf
        self._in_vain = 0
        self._rate_before = 0.0

    def tolerated(self, attempts: float) -> float:
        """Return how many of so many attempts may be refused without meaning anything about the rate."""
        spread = math.sqrt(self.share * (1.0 - self.share) * attempts)
        return self.share * attempts + _DEVIATIONS * spread

    def is_passed(self) -> bool:
        """Return whether more was refused over the last 20 seconds than chance explains, if chance refuses at all."""
        attempts = self._accepted + self._refused
        return self.share > 0.0 and self._refused > self.tolerated(attempts) + _MIN_SHARE * attempts

    def answered(self, accepted: float, refused: float, now: float) -> None:
        """Record results of attempts. This only ever lowers the expected share: a quota must not pass for chance."""
        fading = math.exp(-max(0.0, now - self._heard_at) / _MEMORY_SECONDS)
        self._accepted = self._accepted * fading + accepted
        self._refused = self._refused * fading + refused
        self._heard_at = now
        self.share = min(self.share, self._seen())
        if self.share < _MIN_SHARE:
            self.share = 0.0

    def would_cut_in_vain(self, rate: float, refused_share: float, *, unprovoked: bool) -> float | None:
        """Record that the rate is about to be cut; return the rate to go back to if cutting does not help, else None.

        `unprovoked`: since the last cut the rate has stayed below what was granted then. The rate to go
        back to is the one before the first cut that no higher rate had provoked.
        """
        if not unprovoked:
            self._rate_before = rate
        smaller, larger = sorted((self._last_share, refused_share))
        if unprovoked and larger * _SAME <= smaller and larger <= _MAX_SHARE:
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
