"""How a run can end, and the exit code that says so. Decides nothing about a run."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """The `status` of `summary.json`."""

    DELIVERED = "delivered"
    PLANNED = "planned"
    REFUSED = "refused"
    DEAD_LETTERED = "dead_lettered"
    STOPPED = "stopped"

    @property
    def exit_code(self) -> int:
        """The process's exit code; 2 (usage) and 1 (unexpected) end without a summary."""
        return _EXIT_CODES[self]


_EXIT_CODES = {
    Status.DELIVERED: 0,
    Status.PLANNED: 0,
    Status.REFUSED: 3,
    Status.DEAD_LETTERED: 4,
    Status.STOPPED: 5,
}
USAGE_EXIT_CODE = 2
UNEXPECTED_EXIT_CODE = 1
