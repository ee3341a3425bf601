"""Injected faults: which of them affects a request, decided by a seed, so that a run can be repeated.

Each request meets at most one fault. `poison` is decided by the event alone, so that halving a request
finds it again; `down` by the number of requests. The rest occur at their rate, in the order in which
requests arrive.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from typing import Any

from standin import refusal
from standin.facts import event_text

REFUSALS: Mapping[str, Callable[[], refusal.Refusal]] = {
    "throttle": refusal.throttled,
    "500": refusal.internal_failure,
    "503": refusal.unavailable,
    "forbidden": refusal.forbidden,
    "expired-token": refusal.expired_token,
    "request-expired": refusal.expired_request,
    "unknown-tracker": refusal.unknown_tracker,
}
"""Faults that answer with an error, and the error."""

RESETS = ("reset-before", "reset-after")
"""The connection is reset, before the events were accepted or after."""

BY_RATE = (*REFUSALS, *RESETS, "slow")
KINDS = (*BY_RATE, "poison", "down")
"""All kinds. The value of `down` is how many requests are still served; of all others a rate from 0 to 1."""


def parse_faults(text: str) -> dict[str, float]:
    """Read `throttle=0.1,poison=0.001,down=500`.

    Raises:
        ValueError: a kind is unknown, or a rate is out of range.
    """
    faults = {}
    for part in filter(None, text.split(",")):
        kind, _, value = part.partition("=")
        faults[kind] = float(value or "nan")
        if kind not in KINDS or not 0 <= faults[kind] <= (float("inf") if kind == "down" else 1):
            raise ValueError(f"not a fault such as throttle=0.1; the kinds are {', '.join(KINDS)}: {part}")
    if sum(faults.get(kind, 0) for kind in BY_RATE) > 1:
        raise ValueError("the rates of the faults add up to more than 1")
    return faults


class FaultPlan:
    """A plan that draws the fault of each request from rates and a seed."""

    def __init__(self, faults: Mapping[str, float], seed: int) -> None:
        self._rates = [(kind, faults[kind]) for kind in BY_RATE if kind in faults]
        self._served = faults.get("down")
        self._poison = faults.get("poison", 0.0)
        self._seed = seed
        self._random = random.Random(seed)  # noqa: S311 - faults must be repeatable, not secret

    def draw(self, number: int) -> str | None:
        """Return the fault of the request with this number (from 0), or None."""
        if self._served is not None and number >= self._served:
            return "down"
        point = self._random.random() if self._rates else 1.0
        for kind, rate in self._rates:
            point -= rate
            if point < 0:
                return kind
        return None

    def poisons(self, events: list[dict[str, Any]]) -> bool:
        """Return whether one of the events is poison: decided by its eventId, or by its text if it has none."""
        return self._poison > 0 and any(self._share(event) < self._poison for event in events)

    def _share(self, event: Mapping[str, Any]) -> float:
        text = f"{self._seed}:{event.get('eventId') or event_text(event)}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64
