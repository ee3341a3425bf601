"""What the driver has not been told yet of attempts that were not accepted. It counts, and decides nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class UntoldFailures:
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

    def unreported(self, now: float) -> tuple[int, int, float, str]:
        """Return what the message `failed` holds (`coordinator.py`)."""
        return self.failed_attempts, self.refused, now - self.began, self.name
