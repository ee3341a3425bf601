"""The request rate that the service grants, learned from what it throttles.

The quota is shared with live traffic, so it may be below the configured limit and may change at any time.
Pure: no clock, no I/O. Times are seconds on any one clock; shares and rates are plain numbers.

The algorithm follows CUBIC, TCP's congestion control (RFC 9438): after a cut the rate climbs back quickly
to just below the one that was refused, stays there, then passes it slowly, and climbs fast only when
nothing is refused. A doubled quota is found within 30 seconds of full use. Refusals that don't depend on
the rate (`stray_refusals.py`) cut nothing.
"""

from __future__ import annotations

import math
from itertools import pairwise

from delivery.pacing.driver.stray_refusals import StrayRefusals

# A cut keeps 70 % of the rate, and the next one waits until the first has shown its effect.
CUT = 0.7
SECONDS_BETWEEN_CUTS = 2.0
# A cut needs this share of the attempts of about the last two seconds refused, and at least one: less is
# network jitter, more is an exceeded quota.
TOLERATED_SHARE = 0.005
_MEMORY_SECONDS = 2.0
# The effect of a cut is known after so many attempts, or so many seconds; at once if the rate is above what
# was granted then.
_TELLING_ATTEMPTS = 20
_TELLING_SECONDS = 3.0
# A single estimate of the granted rate is never below half of the attempted rate.
_MIN_GRANTED = 0.5
# The rate as a share of the last refused one, by seconds of full use since the cut, interpolated linearly.
_PROBING_AFTER = 11.0
_CLIMB = ((0.0, CUT), (3.0, 0.95), (_PROBING_AFTER, 0.95), (17.0, 1.03))
_FAST_PER_SECOND = 0.1
# However hard the service throttles, this share of the ceiling is still tried, to notice when it recovers.
_FLOOR = 0.02


class GrantedRate:
    """The rate to keep to, between a floor and `ceiling`, in requests per second.

    Attempts are answered late. So each one carries the `era` it was allowed in, the number of cuts before
    it, and refusals of attempts from an era before the last cut cut nothing.
    """

    def __init__(self, ceiling: float) -> None:
        self.era = 0
        self.rate = ceiling
        self._ceiling = ceiling
        self._refused_rate: float | None = None
        self._used = 0.0
        self._cut_at = -math.inf
        self._heard_at = -math.inf
        self._accepted = 0.0
        self._refused = 0.0
        self._tried_in_era = 0
        self._stray = StrayRefusals()

    def set_ceiling(self, ceiling: float) -> None:
        """Change the ceiling; what was learned of the service below it still counts."""
        self._ceiling = ceiling
        self.rate = ceiling if self._refused_rate is None else self._clamped(self.rate)

    def use(self, seconds: float) -> None:
        """Record that the rate was fully used for so long: only a rate that is used is raised."""
        if self._refused_rate is None:
            return
        self._used += seconds
        self.rate = self._clamped(self._refused_rate * _climbed(self._used))
        if self.rate >= self._ceiling:
            self._refused_rate = None

    def answered(self, era: int, accepted: int, refused: int, now: float) -> None:
        """Record the results of attempts of one era; `refused` counts those throttled."""
        if era != self.era:
            return
        fading = math.exp(-max(0.0, now - self._heard_at) / _MEMORY_SECONDS)
        self._accepted = self._accepted * fading + accepted
        self._refused = self._refused * fading + refused
        self._tried_in_era += accepted + refused
        self._heard_at = now
        self._stray.answered(accepted, refused, now)
        enough = max(1.0, TOLERATED_SHARE * self.rate * _MEMORY_SECONDS)
        enough += self._stray.tolerated(self._accepted + self._refused)
        passed = self._refused >= enough or self._stray.is_passed()
        if refused and passed and self._can_tell(now - self._cut_at):
            self._cut(now)

    def _can_tell(self, seconds: float) -> bool:
        """Return whether the effect of the last cut, so long ago, is known: with few attempts it is chance."""
        if seconds < SECONDS_BETWEEN_CUTS:
            return False
        many = self._tried_in_era >= _TELLING_ATTEMPTS or seconds >= _TELLING_SECONDS
        return many or not self._is_below_granted()

    def _is_below_granted(self) -> bool:
        """Return whether the rate has stayed below the one that was granted at the last cut."""
        return self._refused_rate is not None and self._used < _PROBING_AFTER

    def _cut(self, now: float) -> None:
        tried = self._accepted + self._refused
        unprovoked = self._is_below_granted()
        back = self._stray.would_cut_in_vain(self.rate, self._refused / tried, unprovoked=unprovoked)
        granted = self._accepted / (tried * (1.0 - self._stray.share))
        self._refused_rate = back or self.rate * min(1.0, max(_MIN_GRANTED, granted))
        self.rate = self._clamped(self._refused_rate * CUT)
        self.era += 1
        self._cut_at = now
        self._used = self._accepted = self._refused = 0.0
        self._tried_in_era = 0

    def _clamped(self, rate: float) -> float:
        return min(self._ceiling, max(rate, self._ceiling * _FLOOR))


def _climbed(used: float) -> float:
    """Return the share of the refused rate to try after `used` seconds of full use since the cut."""
    for (start, low), (end, high) in pairwise(_CLIMB):
        if used < end:
            return low + (high - low) * (used - start) / (end - start)
    end, high = _CLIMB[-1]
    return high + _FAST_PER_SECOND * (used - end)
