"""The slots that the driver grants a partition, in the message `grant`."""

from __future__ import annotations

from dataclasses import dataclass

HURRY_SECONDS = 0.02
"""A partition that wants a slot at once asks again after this time."""


@dataclass(frozen=True, slots=True)
class SlotGrant:
    """`count` slots, the first `start_in` seconds from now, the others `spacing` seconds apart.

    A slot may be used up to `patience` seconds late, then it is lost. `era` is the ticket of its attempts.
    """

    count: int
    start_in: float
    spacing: float
    patience: float
    era: int
