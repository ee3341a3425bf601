"""The service's quota: a token bucket of requests per second, which may change while the stand-in runs.

It holds one second of quota, so a burst passes once and a steady excess does not. Refused requests cost no
token. How the real service meters its quota is undocumented; API Gateway documents a bucket:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from standin.refusal import throttled


@dataclass(frozen=True, slots=True)
class QuotaStep:
    """`rate` requests per second, from `after` seconds past the first request on."""

    after: float
    rate: float


def parse_quota(text: str) -> tuple[QuotaStep, ...]:
    """Read `300`, or `300,600@10` for another rate from 10 seconds on.

    Raises:
        ValueError: it is not a quota.
    """
    steps = []
    for part in text.split(","):
        rate, _, after = part.partition("@")
        steps.append(QuotaStep(float(after or 0), float(rate)))
    if not all(0 < step.rate < inf and 0 <= step.after < inf for step in steps) or steps[0].after:
        raise ValueError(f"not a quota, such as 300 or 300,600@10: {text}")
    return tuple(sorted(steps, key=lambda step: step.after))


class Quota:
    """A meter of requests; without steps everything passes."""

    def __init__(self, steps: tuple[QuotaStep, ...] = ()) -> None:
        self._steps = steps
        self._first: float | None = None
        self._last = 0.0
        self._tokens = 0.0

    def spend(self, now: float) -> None:
        """Take one token at `now` (seconds).

        Raises:
            Refusal: the quota is used up.
        """
        if not self._steps:
            return
        if self._first is None:
            self._first = self._last = now
            self._tokens = max(1.0, self._steps[0].rate)
        rate = [step.rate for step in self._steps if step.after <= now - self._first][-1]
        self._tokens = min(max(1.0, rate), self._tokens + (now - self._last) * rate)
        self._last = now
        if self._tokens < 1.0:
            raise throttled()
        self._tokens -= 1.0
