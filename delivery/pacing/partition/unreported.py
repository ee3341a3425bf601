"""The counts of a partition's attempts that the driver does not know yet."""

from __future__ import annotations

from dataclasses import dataclass, field

from delivery.pacing.link import Message
from delivery.pacing.pacer import THROTTLED, TRANSIENT

STATIC_TICKET = -1
"""The ticket of an attempt of the static share: the driver's budget has no slot of it."""


@dataclass(slots=True)
class Failures:
    """Failures since the last message; `began` is when the first failed attempt began, `name` the last one's."""

    failed_attempts: int = 0
    refused: int = 0
    began: float = 0.0
    name: str = ""

    def __bool__(self) -> bool:
        return bool(self.failed_attempts or self.refused)

    def failed(self, began: float, name: str) -> None:
        """Count an attempt without an answer, or with a server's error."""
        self.began = min(self.began, began) if self.failed_attempts else began
        self.failed_attempts += 1
        self.name = name


@dataclass(slots=True)
class Unreported:
    """The counts of an attempt of a task, and what has come since the last message to the driver.

    `counts` are those so far, as the message `counts` has them; `is_any`: there is news.
    """

    counts: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    answered: dict[int, list[int]] = field(default_factory=dict)
    failures: Failures = field(default_factory=Failures)
    stop: tuple[str, float] | None = None
    is_any: bool = False

    def attempted(self) -> None:
        """Count an attempt that goes out."""
        self.counts[0] += 1
        self.is_any = True

    def ended(self, fault: str | None, ticket: int, events: int, began: float, name: str) -> None:
        """Count how an attempt that `began` then ended; see `Pacer.observe`."""
        throttled = fault == THROTTLED
        if ticket != STATIC_TICKET:
            self.answered.setdefault(ticket, [0, 0])[throttled] += 1
        self.counts[1] += throttled
        self.counts[2] += fault is None
        self.counts[3] += events
        if fault == TRANSIENT:
            self.failures.failed(began, name)
        elif fault is not None:
            self.failures.refused += 1
        self.is_any = True

    def stopped(self, reason: str, drain: float) -> None:
        """Report to the driver, and by it to all others, that the job must stop."""
        self.stop = (reason, drain)
        self.is_any = True

    def message(self, now: float) -> Message:
        """Return the keys of the next message (`coordinator.py`)."""
        message: Message = {"counts": self.counts}
        if self.answered:
            message["answered"] = [[era, *counts] for era, counts in self.answered.items()]
        if failures := self.failures:
            ago = now - failures.began
            message["failed"] = failures.failed_attempts, failures.refused, ago, failures.name
        if self.stop is not None:
            message["stop"] = self.stop
        return message

    def reported(self) -> None:
        """Start over after a message that went out; `counts` go on."""
        self.answered, self.stop, self.failures = {}, None, Failures()
        self.is_any = False
